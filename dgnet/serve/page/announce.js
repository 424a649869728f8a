// What a screen reader says of itself, and everybody sees for a moment: one line at the foot of the page.

import { h } from "./dom.js";

const SHOWN = 5000; // milliseconds
const FADING = 300;

const line = h("p", { class: "toast", role: "status" });
let timer = 0;
let next = null; // what is spoken once the sentence that is shown has been read

export const announcer = line;

/** Say a sentence. With `silent` it is spoken alone, because it can be seen on the page anyway. */
export function announce(text, { silent = false } = {}) {
  if (silent && line.classList.contains("shown")) {
    next = text;
    return;
  }
  clearTimeout(timer);
  next = null;
  line.textContent = text;
  line.classList.toggle("shown", !silent);
  if (!silent) timer = setTimeout(hide, SHOWN);
}

function hide() {
  line.classList.remove("shown");
  timer = setTimeout(() => next && announce(next, { silent: true }), FADING);
}

// A modal dialog makes all behind it inert, this line too: while one is open, the line lives in it.
export function announceWithin(dialog) {
  dialog.append(line);
  dialog.addEventListener("close", () => document.body.append(line), { once: true });
}
