// Everyone in everyone's clothes: a table, rows by clothes, columns by body; each picture can be seen large.

import { announceWithin } from "./announce.js";
import { arrowKeys } from "./arrows.js";
import { button, h, icon } from "./dom.js";
import { drawnPicture, pictureOfPerson } from "./pictures.js";
import { S } from "./strings.js";

/** The table of `drawn.pictures` (row i: appearance of i; column j: structure of j) of these people. */
export function swapTable(people, drawn) {
  const names = people.map((_, place) => S.swap.person(place + 1));
  const given = (place, role, label) =>
    h("div", { class: `given ${role}`, title: label }, withAlt(pictureOfPerson(people[place]), label));
  const head = h(
    "tr",
    {},
    h("td", { class: "corner" }, h("span", { class: "structure" }, S.swap.givesBody, " →"), h("span", { class: "appearance" }, S.swap.givesClothes, " ↓")),
    names.map((name, j) => h("th", { scope: "col" }, given(j, "structure", S.swap.bodyOf(name)))),
  );
  const rows = drawn.pictures.map((row, i) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, given(i, "appearance", S.swap.clothesOf(names[i]))),
      row.map((base64, j) => {
        const label = S.swap.drawn(names[i], names[j]);
        const large = () => enlarge(people, names, i, j, base64);
        return h("td", {}, h("button", { type: "button", class: "picture", "aria-label": label, title: label, onclick: large }, drawnPicture(base64, "")));
      }),
    ),
  );
  const table = h("table", { class: "swaps" }, h("caption", { class: "hidden" }, S.swap.grid), h("thead", {}, head), h("tbody", {}, rows));
  arrowKeys(table, ".picture");
  return h("div", { class: "scroll", tabindex: people.length > 2 ? "0" : null, role: "region", "aria-label": S.swap.grid }, table);
}

/** One swap, large, beside the two pictures that it was drawn from. */
function enlarge(people, names, i, j, base64) {
  const label = S.swap.drawn(names[i], names[j]);
  const figure = (role, picture, caption) => h("figure", { class: role }, picture, h("figcaption", {}, caption));
  const dialog = h(
    "dialog",
    { class: "wide", "aria-labelledby": "swap-title" },
    h("h2", { id: "swap-title" }, label),
    h(
      "div",
      { class: "sum" },
      figure("appearance", withAlt(pictureOfPerson(people[i]), ""), S.swap.clothesOf(names[i])),
      h("span", { class: "sign", "aria-hidden": "true" }, "+"),
      figure("structure", withAlt(pictureOfPerson(people[j]), ""), S.swap.bodyOf(names[j])),
      h("span", { class: "sign", "aria-hidden": "true" }, "="),
      figure("made", drawnPicture(base64, label), S.swap.result),
    ),
    h(
      "div",
      { class: "actions" },
      h("a", { class: "button", href: `data:image/png;base64,${base64}`, download: `clothes-${i + 1}-body-${j + 1}.png` },
        icon("download"), h("span", {}, S.swap.save)),
      button(S.close, { kind: "primary", autofocus: true, onclick: () => dialog.close() }),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  announceWithin(dialog);
}

function withAlt(image, alt) {
  image.alt = alt;
  return image;
}
