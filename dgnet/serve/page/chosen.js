// The people of a question or a swap, in a row, each with buttons to take them out and to crop their picture anew.

import { bitmapOf, cropDialog, looksUncropped } from "./crop.js";
import { announce } from "./announce.js";
import { button, h } from "./dom.js";
import { personOfFile } from "./people.js";
import { pictureOfPerson } from "./pictures.js";
import { asNeeded } from "./redraw.js";
import { S } from "./strings.js";

/**
 * People on files that were given. Each picture that is too wide for a standing person is offered to be cropped, and
 * left out if that is cancelled; a file that is no picture is said and left out.
 */
export async function peopleOfFiles(files) {
  const people = [];
  for (const file of files) {
    const bitmap = await bitmapOf(file).catch(() => null);
    if (!bitmap) {
      announce(S.give.cannotRead(file.name));
      continue;
    }
    const name = S.give.yours(file.name || S.give.pasted);
    let used = file;
    if (looksUncropped(bitmap)) used = await cropDialog(file, bitmap);
    if (!used) continue;
    people.push(personOfFile(used === file ? await asNeeded(file, bitmap) : used, name, file));
  }
  return people;
}

/** The list of people; `change` gets the new list. `label` says what taking somebody out is called. */
export function chosenList(people, change, { label, numbered = false }) {
  return h(
    "ul",
    { class: "chosen" },
    people.map((person, place) => {
      const name = numbered ? S.swap.person(place + 1) : person.name;
      const replace = (...others) => change([...people.slice(0, place), ...others, ...people.slice(place + 1)]);
      const cropAnew = async () => {
        const bitmap = await bitmapOf(person.original);
        const cut = await cropDialog(person.original, bitmap);
        if (cut) replace(personOfFile(cut === person.original ? await asNeeded(cut, bitmap) : cut, person.name, person.original));
      };
      return h(
        "li",
        {},
        pictureOfPerson(person),
        numbered && h("span", { class: "number", "aria-hidden": "true" }, String(place + 1)),
        h(
          "div",
          { class: "tools" },
          person.original && button(S.crop.again(person.name), { icon: "crop", quiet: true, onclick: cropAnew }),
          button(label(name), { icon: "wrong", quiet: true, onclick: () => replace() }),
        ),
      );
    }),
  );
}
