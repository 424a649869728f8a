// What stands where content would: nothing is there, something failed, something takes its time.

import { connection } from "./connection.js";
import { button, h, icon } from "./dom.js";
import { S } from "./strings.js";

/** Nothing is here, why, and what to do about it. */
export const emptyPanel = (drawing, title, lead, ...actions) =>
  h("div", { class: "panel" }, icon(drawing), h("h2", {}, title), h("p", { class: "soft" }, lead), h("div", { class: "actions" }, actions));

/**
 * Something failed: what, the service's own sentence on it, and a button that tries again. Where the service did not
 * answer, it is tried again without being asked once it does.
 */
export function failurePanel(title, error, retry) {
  const panel = h(
    "div",
    { class: "panel failure", role: "alert" },
    icon("wrong"),
    h("h2", {}, title),
    h("p", {}, error.message),
    retry && h("div", { class: "actions" }, button(S.tryAgain, { kind: "primary", onclick: retry })),
  );
  if (retry && !connection.up) connection.addEventListener("change", () => panel.isConnected && retry(), { once: true });
  return panel;
}

/** Outlines of pictures that are on their way. */
export const waitingPictures = (number, className) =>
  h("div", { class: `${className} waiting`, "aria-hidden": "true" }, Array.from({ length: number }, () => h("div", { class: "outline" })));

/** A line that moves while something takes time. */
export const busyLine = () => h("div", { class: "busy", role: "progressbar", "aria-label": S.loading });
