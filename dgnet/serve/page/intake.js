// Pictures that people give: chosen, photographed, dropped on the page or pasted.

import { announce } from "./announce.js";
import { button, h } from "./dom.js";
import { S } from "./strings.js";

let taker = null;

/** Say who takes pictures that are dropped or pasted anywhere on the page, a function of files; returns who did before. */
export function takePictures(accept) {
  const before = taker;
  taker = accept;
  return before;
}

/** Two buttons, to choose (called `text`) and to photograph; `accept` gets the files. */
export function intakeButtons(accept, { text = S.give.choose, kind = "primary" } = {}) {
  const choose = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true, "aria-hidden": "true" });
  const photograph = h("input", { type: "file", accept: "image/*", capture: "environment", hidden: true, "aria-hidden": "true" });
  for (const input of [choose, photograph]) {
    input.addEventListener("change", () => {
      hand([...input.files], accept);
      input.value = "";
    });
  }
  return [
    choose,
    photograph,
    button(text, { icon: "upload", kind, onclick: () => choose.click() }),
    button(S.give.photograph, { icon: "camera", kind: "for-touch", onclick: () => photograph.click() }),
  ];
}

function hand(files, accept) {
  const images = files.filter((file) => file.type.startsWith("image/"));
  if (images.length < files.length) announce(S.give.notPictures(files.length - images.length));
  if (images.length) accept(images);
}

/** Whether pictures are wanted now: not behind a dialog that does not take them itself. */
function free() {
  const open = document.querySelector("dialog[open]");
  return taker && (!open || open.classList.contains("takes"));
}

/** Listen for files that are dropped and pasted; text that is pasted goes where it belongs. */
export function listenForPictures() {
  const carries = (event) => free() && event.dataTransfer?.types.includes("Files");
  let depth = 0;
  const dragging = (now) => document.body.classList.toggle("dragging", now);
  document.addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    depth += 1;
    dragging(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!carries(event)) return;
    depth -= 1;
    if (depth <= 0) dragging(false);
  });
  document.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    depth = 0;
    dragging(false);
    if (!carries(event)) return;
    event.preventDefault();
    hand([...event.dataTransfer.files], taker);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!free() || !files.length) return;
    event.preventDefault();
    hand(files, taker);
  });
}
