// A dialog that adds pictures to the gallery: a few at a time, so that progress is seen and stopping loses nothing.

import { announceWithin } from "./announce.js";
import { api } from "./api.js";
import { bitmapOf, cropDialog, looksUncropped, sizeOf } from "./crop.js";
import { button, field, fill, h } from "./dom.js";
import { isDate, secondsOf } from "./format.js";
import { intakeButtons, takePictures } from "./intake.js";
import { S } from "./strings.js";
import { state } from "./state.js";

const AT_ONCE = 8;
const FORM = 20_000; // bytes that a request has beside its pictures
const SHOWN = 24; // pictures shown of those that were chosen

/** The first files that fit in one request; one that is too large for any goes alone, and is refused by the service. */
function nextBatch(files, limits) {
  const room = limits.bytes - FORM;
  let size = 0;
  const fits = files.slice(0, Math.min(AT_ONCE, limits.images)).findIndex((file) => (size += file.size) > room);
  return fits < 0 ? files.slice(0, Math.min(AT_ONCE, limits.images)) : files.slice(0, Math.max(1, fits));
}

/** Open it with files that were given already; `after` is called when it closes, with how many were added. */
export function openAdding(files, after) {
  const { gallery, limits } = state.info;
  let left = [];
  let wide = []; // those of them that hardly show one person alone
  let running = null;
  let numAdded = 0; // by all runs of this dialog
  const totals = { done: 0, all: 0, added: 0, known: 0, refused: [], strangers: [] };

  const inSeconds = gallery.earliest !== null && !isDate(gallery.earliest);
  const person = h("input", { name: "identity", autocomplete: "off", spellcheck: "false" });
  const camera = h("input", { name: "camera", autocomplete: "off", list: "known-cameras", spellcheck: "false" });
  const time = h("input", inSeconds ? { type: "number", step: "any", name: "time" } : { type: "datetime-local", name: "time" });
  const chosen = h("div", { class: "adding" });
  const photographs = h("div", { class: "adding" });
  const outcome = h("div", { class: "outcome", role: "status" });
  const start = button(S.add.start(0), { kind: "primary", type: "submit", disabled: true });
  const cancel = button(S.close, { onclick: () => (running ? running.abort() : dialog.close()) });
  const form = h(
    "form",
    { onsubmit: (event) => (event.preventDefault(), run()) },
    h("div", { class: "drop small" }, h("p", {}, S.give.orDrop), h("div", { class: "actions" }, intakeButtons(take, { kind: "" }))),
    chosen,
    photographs,
    h(
      "div",
      { class: "fields" },
      field(S.add.person, person, S.add.personHint),
      field(S.add.camera, camera, S.add.cameraHint),
      field(S.add.time, time),
      h("datalist", { id: "known-cameras" }, Object.keys(gallery.cameras).filter(Boolean).map((name) => h("option", { value: name }))),
    ),
    outcome,
    h("div", { class: "actions" }, cancel, start),
  );
  const dialog = h("dialog", { class: "wide takes", "aria-labelledby": "add-title" },
    h("h2", { id: "add-title" }, S.add.title), h("p", { class: "soft" }, S.add.lead), form);

  function take(given) {
    left = [...left, ...given];
    fill(outcome);
    show();
    findWide(given);
  }

  async function findWide(given) {
    for (const file of given) {
      const size = await sizeOf(file);
      if (!size || !looksUncropped(size)) continue;
      wide.push(file);
      showWide();
    }
  }

  function showWide() {
    wide = wide.filter((file) => left.includes(file));
    fill(photographs, wide.length > 0 && [
      h("p", { class: "soft" }, S.add.wide(wide.length)),
      h("ul", { class: "chosen photographs" }, wide.map((file) => h("li", {},
        preview(file),
        h("div", { class: "tools" },
          button(S.add.frame(file.name), { icon: "crop", quiet: true, onclick: () => frameOne(file) }))))),
    ]);
  }

  async function frameOne(file) {
    const bitmap = await bitmapOf(file).catch(() => null);
    const cut = bitmap && (await cropDialog(file, bitmap));
    if (!cut) return;
    wide = wide.filter((other) => other !== file);
    left = left.map((other) => (other === file ? cut : other));
    show();
  }

  function preview(file) {
    const free = (event) => URL.revokeObjectURL(event.target.src);
    return h("img", { src: URL.createObjectURL(file), alt: file.name, class: "crop", onload: free, onerror: free });
  }

  function show() {
    fill(chosen, left.length > 0 && [
      h("p", { class: "soft" }, S.add.chosen(left.length)),
      h("ul", { class: "strip tiny" }, left.slice(0, SHOWN).map((file) => h("li", {}, preview(file)))),
    ]);
    start.disabled = !left.length;
    start.lastChild.textContent = S.add.start(left.length);
    showWide();
  }

  async function run() {
    running = new AbortController();
    Object.assign(totals, { done: 0, all: left.length, added: 0, known: 0, refused: [], strangers: [] });
    const bar = h("progress", { max: totals.all, value: 0, "aria-label": S.add.title });
    const line = h("p", {}, S.add.progress(0, totals.all));
    fill(outcome, bar, line);
    start.disabled = true;
    cancel.lastChild.textContent = S.add.stop;
    const known = { identity: person.value.trim() || null, camera: camera.value.trim() || null, time: secondsOf(time) };
    let failure = null;
    try {
      while (left.length) {
        const batch = nextBatch(left, limits);
        const answer = await api.add(batch.map((file) => ({ file, name: file.name })), known, running.signal);
        left = left.slice(batch.length);
        totals.done += batch.length;
        totals.added += answer.added.length;
        numAdded += answer.added.length;
        totals.known += answer.known.length;
        totals.refused.push(...answer.refused);
        totals.strangers = [...new Set([...totals.strangers, ...answer.strangers])];
        bar.value = totals.done;
        line.textContent = S.add.progress(totals.done, totals.all);
      }
    } catch (error) {
      failure = error.name === "AbortError" ? S.add.stopped : error.message;
    }
    running = null;
    cancel.lastChild.textContent = S.close;
    showOutcome(failure);
    show();
  }

  function showOutcome(failure) {
    fill(
      outcome,
      failure && h("p", { class: "wrong" }, failure, totals.done > 0 && ` ${S.add.failedKept(totals.done)}`),
      (totals.done > 0 || !failure) && h("p", { class: "good" }, S.add.done(totals.added, totals.known)),
      totals.strangers.length > 0 && h("p", { class: "wrong" }, S.add.strangers(totals.strangers)),
      totals.refused.length > 0 && [
        h("p", { class: "wrong" }, S.add.refused(totals.refused.length)),
        h("ul", {}, totals.refused.map(({ name, message }) => h("li", {}, h("b", {}, name), " ", message))),
      ],
    );
  }

  dialog.addEventListener("cancel", (event) => {
    if (!running) return;
    event.preventDefault(); // Escape stops; closing is a second one
    running.abort();
  });
  const before = takePictures(take);
  dialog.addEventListener("close", () => {
    takePictures(before);
    dialog.remove();
    after(numAdded);
  });
  document.body.append(dialog);
  dialog.showModal();
  announceWithin(dialog);
  take(files);
}
