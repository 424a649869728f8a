// What a screen reader says of itself, and everybody sees for a moment: one line at the foot of the page.

import { h } from "./dom.js";

const SHOWN = 5000; // milliseconds

const line = h("p", { class: "toast", role: "status" });
let hiding = 0;

export const announcer = line;

/** Say a sentence. With `silent` it is spoken alone, because it can be seen on the page anyway. */
export function announce(text, { silent = false } = {}) {
  clearTimeout(hiding);
  line.textContent = text;
  line.classList.toggle("shown", !silent);
  hiding = setTimeout(() => line.classList.remove("shown"), SHOWN);
}

// A modal dialog makes all behind it inert, this line too: while one is open, the line lives in it.
export function announceWithin(dialog) {
  dialog.append(line);
  dialog.addEventListener("close", () => document.body.append(line), { once: true });
}
