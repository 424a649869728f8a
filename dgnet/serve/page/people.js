// People in a question or a swap: each an entry of the gallery, or a picture that was given.

import { api } from "./api.js";
import { entryText } from "./format.js";

/** Somebody in the gallery. */
export const personOfEntry = (entry) => ({ key: entry.id, entry, name: entryText(entry) });

let numGiven = 0;
/** Somebody on a picture that was given (and maybe cropped: then `original` is what it was cropped from). */
export function personOfFile(file, name = file.name, original = file) {
  numGiven += 1;
  return { key: `given-${numGiven}`, file, name, original };
}

/** The two fields of a form that say who is meant. */
export function fieldsOf(people) {
  return {
    pictures: people.filter((one) => one.file),
    entries: people.filter((one) => one.entry).map((one) => one.entry.id),
  };
}

/** The same, in one field, so that the order of people is the order of pictures. */
export async function fieldsInOrder(people) {
  if (people.every((one) => one.entry)) return fieldsOf(people);
  const pictures = people.map(async (one) => ({
    name: one.name,
    file: one.file ?? (await api.picture(one.entry.picture)),
  }));
  return { pictures: await Promise.all(pictures), entries: [] };
}
