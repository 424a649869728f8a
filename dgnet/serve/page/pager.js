// Where in a long list one is, and buttons to the pages before and after.

import { button, h } from "./dom.js";
import { S } from "./strings.js";

/** `go` is called with the offset of another page. Nothing where all fits on one. */
export function pager({ offset, limit, total, go }) {
  if (total <= limit) return null;
  const last = Math.min(offset + limit, total);
  return h(
    "nav",
    { class: "pager", "aria-label": S.gallery.pages },
    button(S.gallery.previous, { icon: "back", disabled: offset <= 0, onclick: () => go(Math.max(0, offset - limit)) }),
    h("span", {}, S.gallery.showing(offset + 1, last, total)),
    button(S.gallery.next, { icon: "next", kind: "icon-last", disabled: last >= total, onclick: () => go(offset + limit) }),
  );
}
