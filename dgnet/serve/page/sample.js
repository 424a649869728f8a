// Some people of the gallery, drawn by chance, to start from.

import { api } from "./api.js";
import { state } from "./state.js";

const LOOKED_AT = 200;

/** Up to `number` entries with a picture: of different people who are known, and where those are too few, of others. */
export async function sampleEntries(number) {
  const total = state.info.gallery.num_entries;
  const offset = Math.floor(Math.random() * Math.max(1, total - LOOKED_AT + 1));
  const { entries } = await api.entries({ offset, limit: LOOKED_AT });
  const drawn = [];
  const seen = new Set();
  const withPicture = entries.filter((entry) => entry.picture);
  for (const left of [withPicture.filter((one) => one.identity), withPicture.filter((one) => !one.identity)]) {
    while (left.length && drawn.length < number) {
      const [one] = left.splice(Math.floor(Math.random() * left.length), 1);
      if (one.identity && seen.has(one.identity)) continue;
      seen.add(one.identity);
      drawn.push(one);
    }
  }
  return drawn;
}
