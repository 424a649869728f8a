// A dialog to pick people from the gallery.

import { announce, announceWithin } from "./announce.js";
import { api } from "./api.js";
import { arrowKeys } from "./arrows.js";
import { button, fill, h } from "./dom.js";
import { entryText } from "./format.js";
import { pager } from "./pager.js";
import { busyLine, failurePanel } from "./panels.js";
import { pictureOf } from "./pictures.js";
import { S } from "./strings.js";

const PAGE = 40;

/** Resolves to up to `most` entries; none where it is cancelled. */
export function pickEntries(most) {
  const picked = new Map();
  const body = h("div", { class: "pick" });
  const use = button(S.pick.use(0), { kind: "primary", disabled: true, onclick: () => dialog.close("use") });
  const dialog = h(
    "dialog",
    { class: "wide", "aria-labelledby": "pick-title" },
    h("h2", { id: "pick-title" }, S.pick.title),
    h("p", { class: "soft" }, S.pick.lead(most)),
    body,
    h("div", { class: "actions" }, button(S.cancel, { onclick: () => dialog.close() }), use),
  );

  function toggle(entry, picture) {
    if (picked.has(entry.id)) picked.delete(entry.id);
    else if (picked.size < most) picked.set(entry.id, entry);
    else announce(S.pick.lead(most));
    picture.setAttribute("aria-pressed", String(picked.has(entry.id)));
    use.disabled = picked.size === 0;
    use.lastChild.textContent = S.pick.use(picked.size);
  }

  async function showPage(offset) {
    fill(body, busyLine());
    try {
      const { total, entries } = await api.entries({ offset, limit: PAGE });
      const list = h("ul", { class: "strip" }, entries.filter((entry) => entry.picture).map((entry) => {
        const picture = h("button", { type: "button", class: "picture", "aria-label": entryText(entry), title: entryText(entry),
          "aria-pressed": String(picked.has(entry.id)), onclick: () => toggle(entry, picture) }, pictureOf(entry.picture, ""));
        return h("li", {}, picture);
      }));
      arrowKeys(list, ".picture");
      fill(body, list, pager({ offset, limit: PAGE, total, go: showPage }));
      list.querySelector(".picture")?.focus();
    } catch (error) {
      fill(body, failurePanel(S.gallery.failed, error, () => showPage(offset)));
    }
  }

  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "use" ? [...picked.values()] : []);
    });
    document.body.append(dialog);
    dialog.showModal();
    announceWithin(dialog);
    showPage(0);
  });
}
