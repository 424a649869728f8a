// The page: its frame (title, views, status), and which view the address asks for.

import { announce, announcer } from "./announce.js";
import { connection } from "./connection.js";
import { button, fill, h, icon } from "./dom.js";
import { galleryView } from "./gallery.js";
import { listenForPictures, takePictures } from "./intake.js";
import { busyLine, failurePanel } from "./panels.js";
import { searchView } from "./search.js";
import { changes, refreshInfo, state } from "./state.js";
import { S } from "./strings.js";
import { swapView } from "./swap.js";

const NAMES = ["search", "swap", "gallery"];

const links = NAMES.map((name) => h("a", { href: `#${name}` }, icon(name), h("span", {}, S.views[name])));
const holds = h("p", { class: "holds" });
const offline = h("div", { class: "offline", role: "alert" });
const main = h("main", { id: "content", tabindex: "-1" });
const footer = h("footer", {});

document.body.prepend(
  h("a", { class: "skip", href: "#content", onclick: (event) => (event.preventDefault(), main.focus()) }, S.skip),
  h("header", { class: "top" },
    h("div", {}, h("a", { class: "mark", href: "#search" }, h("img", { src: "/static/icon.svg", alt: "", width: 28, height: 28 }), "dgnet"),
      h("nav", { "aria-label": S.navigation }, links), holds)),
  offline,
  main,
  footer,
  h("div", { class: "veil", "aria-hidden": "true" }, h("p", {}, icon("upload"), S.give.dropNow)),
  announcer,
);

const views = { search: searchView(), swap: swapView(), gallery: galleryView() };
let current = null;

/** Show the view that the address names: #search, #search/2 (the second question), #swap, #gallery/3 (the third page). */
function route() {
  const [name, rest] = location.hash.slice(1).split("/");
  const chosen = NAMES.includes(name) ? name : NAMES[0];
  const view = views[chosen];
  links.forEach((link, place) => {
    if (NAMES[place] === chosen) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  document.title = S.title(view.title);
  takePictures(view.accept);
  const moved = current !== null && current !== view;
  if (current !== view) fill(main, view.element);
  current = view;
  view.show(rest);
  if (moved) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

function showInfo() {
  const { gallery, model, version } = state.info;
  fill(holds, h("b", {}, gallery.name), h("span", {}, S.holds(gallery.num_entries, gallery.num_identities)));
  fill(footer, h("p", {}, S.footer.model(model)), h("p", {}, S.footer.version(version), " · ", h("a", { href: "/docs" }, S.footer.api)));
}

connection.addEventListener("change", () => {
  if (connection.up) {
    fill(offline);
    announce(S.trouble.back);
  } else {
    fill(offline, icon("offline"), h("div", {}, h("b", {}, S.trouble.offline), h("p", {}, S.trouble.offlineLead)));
  }
});

async function start() {
  fill(main, busyLine());
  try {
    await refreshInfo();
  } catch (error) {
    const again = error.code === "token" ? button(S.token.enter, { kind: "primary", onclick: start }) : null;
    fill(main, failurePanel(S.trouble.start, error, again ? null : start), again && h("div", { class: "actions centred" }, again));
    return;
  }
  route();
  addEventListener("hashchange", route);
}

changes.addEventListener("info", showInfo);
listenForPictures();
start();
