// A dialog on one picture of the gallery: what is known of it, who it is, and removing it.

import { announce, announceWithin } from "./announce.js";
import { api } from "./api.js";
import { button, field, fill, h } from "./dom.js";
import { cameraText, entryText, timeText } from "./format.js";
import { personOfEntry } from "./people.js";
import { pictureOf } from "./pictures.js";
import { askFor } from "./search.js";
import { setSwap, state } from "./state.js";
import { S } from "./strings.js";

/** `after.changed` is called when the entry was named or removed, `after.person` to show all pictures of a person. */
export function openEntry(entry, after) {
  const close = () => dialog.close();
  const theirs = h("div", { class: "theirs" });
  const showTheirs = () =>
    fill(theirs, entry.identity && button(S.entry.samePerson(entry.identity), { icon: "person", onclick: () => (close(), after.person(entry.identity)) }));
  showTheirs();
  const facts = [
    [S.entry.camera, cameraText(entry.camera)],
    [S.entry.time, timeText(entry.time)],
    [S.entry.source, h("span", { title: entry.source }, entry.source.split(/[\\/]/).at(-1))],
    [S.entry.id, h("code", {}, entry.id)],
  ].filter(([, value]) => value);
  const dialog = h(
    "dialog",
    { class: "wide entry", "aria-labelledby": "entry-title" },
    h("h2", { id: "entry-title" }, entry.identity || S.entry.title),
    h(
      "div",
      { class: "beside" },
      pictureOf(entry.picture, entry.picture ? entryText(entry) : S.noPicture),
      state.info.gallery.writable && nameForm(entry, () => (showTheirs(), after.changed())),
      h(
        "div",
        { class: "rest" },
        h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
        h(
          "div",
          { class: "actions" },
          button(S.entry.search, { icon: "search", kind: "primary", onclick: () => (close(), askFor([personOfEntry(entry)])) }),
          state.info.model.generates && entry.picture && button(S.entry.swap, { icon: "swap", onclick: () => (close(), toSwap(entry)) }),
          theirs,
          state.info.gallery.writable && button(S.entry.remove, { icon: "remove", kind: "danger", onclick: () => askToRemove(entry, close, after) }),
        ),
      ),
    ),
    h("div", { class: "actions" }, button(S.close, { autofocus: true, onclick: close })),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  announceWithin(dialog);
}

function toSwap(entry) {
  if (setSwap([...state.swap, personOfEntry(entry)])) location.hash = "#swap";
  else announce(S.swap.full(state.info.limits.people));
}

/** `saved` is called when the entry has another name. */
function nameForm(entry, saved) {
  const input = h("input", { name: "identity", value: entry.identity ?? "", autocomplete: "off", spellcheck: "false" });
  const save = button(S.entry.save, { type: "submit" });
  return h(
    "form",
    {
      class: "naming",
      onsubmit: async (event) => {
        event.preventDefault();
        save.disabled = true;
        try {
          Object.assign(entry, await api.name(entry.id, input.value.trim() || null));
          document.getElementById("entry-title").textContent = entry.identity || S.entry.title;
          announce(S.entry.saved(entry.identity));
          saved();
        } catch (error) {
          announce(error.message);
        } finally {
          save.disabled = false;
        }
      },
    },
    field(S.entry.who, input, S.entry.whoHint),
    save,
  );
}

function askToRemove(entry, closeEntry, after) {
  const failed = h("p", { class: "wrong", role: "alert" });
  const remove = button(S.entry.removeNow, {
    icon: "remove",
    kind: "danger filled",
    onclick: async () => {
      remove.disabled = true;
      try {
        await api.remove(entry.id);
        dialog.close();
        closeEntry();
        announce(S.entry.removed);
        after.changed();
      } catch (error) {
        failed.textContent = error.message;
        remove.disabled = false;
      }
    },
  });
  const dialog = h(
    "dialog",
    { class: "narrow", role: "alertdialog", "aria-labelledby": "remove-title", "aria-describedby": "remove-lead" },
    h("h2", { id: "remove-title" }, S.entry.removeTitle),
    h("p", { id: "remove-lead", class: "soft" }, S.entry.removeLead),
    failed,
    h("div", { class: "actions" }, button(S.cancel, { autofocus: true, onclick: () => dialog.close() }), remove),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
