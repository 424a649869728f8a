// The view Gallery: who is there, page by page, and where people are added, named and removed.

import { openAdding } from "./add.js";
import { announce } from "./announce.js";
import { api } from "./api.js";
import { arrowKeys } from "./arrows.js";
import { button, field, fill, h } from "./dom.js";
import { openEntry } from "./entry.js";
import { cameraText, entryText, personText, timeText } from "./format.js";
import { pager } from "./pager.js";
import { busyLine, emptyPanel, failurePanel, waitingPictures } from "./panels.js";
import { pictureOf } from "./pictures.js";
import { changes, refreshInfo, state } from "./state.js";
import { S } from "./strings.js";

const PAGE = 48;
const ALL = "all"; // of cameras; the empty name is that of entries of unknown camera

/** What must be known before something is changed here. */
function aboutGallery() {
  const { temporary, writable } = state.info.gallery;
  const text = temporary ? S.gallery.temporary : writable ? null : S.gallery.readOnly;
  return text && h("p", { class: "note" }, text);
}

export function galleryView() {
  const camera = h("select", { onchange: () => go(0) });
  const person = h("input", { type: "search", placeholder: S.gallery.anyPerson, onchange: () => go(0) });
  const add = button(S.gallery.add, { icon: "plus", kind: "primary", onclick: () => openAdd([]) });
  const body = h("div", { class: "entries" });
  const element = h(
    "div",
    { class: "view gallery" },
    h("header", { class: "bar-of-tools" }, h("h1", {}, S.gallery.title),
      field(S.gallery.camera, camera), field(S.gallery.person, person), add),
    body,
  );
  let offset = 0;
  let running = null;

  const accept = (files) => state.info.gallery.writable && openAdd(files);

  function go(start) {
    const page = `#gallery/${Math.floor(start / PAGE) + 1}`;
    if (location.hash === page) load();
    else location.hash = page;
  }

  function show(page) {
    offset = (Math.max(1, Number(page) || 1) - 1) * PAGE;
    offer();
    load();
  }

  function offer() {
    const { cameras, writable } = state.info.gallery;
    const chosen = camera.value || ALL;
    fill(
      camera,
      h("option", { value: ALL }, S.filters.allCameras),
      Object.entries(cameras).map(([name, number]) =>
        h("option", { value: `=${name}`, selected: `=${name}` === chosen }, `${cameraText(name)} (${number.toLocaleString("en")})`)),
    );
    add.hidden = !writable;
  }

  const wanted = () => ({ camera: camera.value === ALL ? null : camera.value.slice(1), identity: person.value.trim() || null });

  async function load() {
    running?.abort();
    const { signal } = (running = new AbortController());
    const keep = body.querySelector(".people");
    if (!keep) fill(body, busyLine(), waitingPictures(24, "people"));
    else if (!body.querySelector(".busy")) body.prepend(busyLine());
    try {
      const found = await api.entries({ ...wanted(), offset, limit: PAGE }, signal);
      if (!found.entries.length && found.total) go(found.total - 1); // the last page was emptied
      else showEntries(found);
    } catch (error) {
      if (!signal.aborted) fill(body, failurePanel(S.gallery.failed, error, load));
    }
  }

  function showEntries({ total, entries }) {
    if (!total) {
      const filtered = Object.values(wanted()).some((one) => one !== null);
      fill(body, filtered
        ? emptyPanel("person", S.gallery.noneMatch, S.gallery.noneMatchLead, button(S.gallery.showAll, { onclick: () => showPerson("") }))
        : emptyPanel("gallery", S.gallery.empty, S.gallery.emptyLead,
            state.info.gallery.writable && button(S.gallery.add, { icon: "plus", kind: "primary", onclick: () => openAdd([]) })));
      return;
    }
    const list = h("ul", { class: "people" }, entries.map(entryItem));
    arrowKeys(list, ".picture");
    fill(
      body,
      aboutGallery(),
      h("p", { class: "soft count" }, S.gallery.showing(offset + 1, offset + entries.length, total)),
      list,
      pager({ offset, limit: PAGE, total, go }),
    );
  }

  function entryItem(entry) {
    const open = h(
      "button",
      { type: "button", class: "picture", "aria-label": S.gallery.open(entryText(entry)), onclick: () => openEntry(entry, after) },
      pictureOf(entry.picture, ""),
    );
    return h("li", {}, open, h("p", { class: entry.identity ? "who" : "who unnamed" }, personText(entry.identity)),
      h("p", { class: "soft" }, cameraText(entry.camera)), h("p", { class: "soft" }, timeText(entry.time)));
  }

  /** What happens after something was done in the dialog of an entry. */
  const after = {
    changed: async () => {
      await load();
      await refreshInfo();
    },
    person: (identity) => showPerson(identity),
  };

  function showPerson(identity, start = 0) {
    camera.value = ALL;
    person.value = identity;
    go(start);
  }

  function openAdd(files) {
    openAdding(files, async (added) => {
      await refreshInfo().catch((error) => announce(error.message));
      offer();
      if (added) showPerson("", state.info.gallery.num_entries - 1); // the last page: there they are
      else load();
    });
  }

  changes.addEventListener("info", offer);
  return { element, show, accept, title: S.views.gallery };
}
