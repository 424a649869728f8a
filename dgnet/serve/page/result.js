// One picture that a search found: how sure, who, where and when, and what can be done with it.

import { announce } from "./announce.js";
import { button, h } from "./dom.js";
import { cameraText, entryText, percentOf, personText, timeText } from "./format.js";
import { personOfEntry } from "./people.js";
import { pictureOf } from "./pictures.js";
import { S } from "./strings.js";

/**
 * The list item of a result.
 *
 * `mark(entry, right)` keeps a mark (right: null takes it back); null where nothing may be marked. `onward` searches for the person
 * on the picture, `also` adds the picture to the question.
 */
export function resultItem(result, rank, { mark, onward, also }) {
  const name = entryText(result);
  const known = result.probability !== null;
  const share = known ? result.probability : Math.max(0, result.similarity);
  const sure = known ? S.search.sure(percentOf(share)) : S.search.similarity(result.similarity);
  const sureLong = known ? S.search.sureLong(percentOf(share)) : S.search.similarityLong(result.similarity);

  const bar = h("span", { class: "bar", "aria-hidden": "true" }, h("span", {}));
  bar.firstChild.style.inlineSize = `${share * 100}%`;
  const picture = h(
    "button",
    { type: "button", class: "picture", "aria-label": `${S.search.rank(rank)}: ${S.search.onward(name)}, ${sureLong}`,
      title: S.search.onward(name), onclick: () => onward(personOfEntry(result)) },
    pictureOf(result.picture, ""),
    h("span", { class: "rank", "aria-hidden": "true" }, String(rank)),
  );
  const marks = mark && markButtons(result, name, mark);
  const item = h(
    "li",
    { class: "result" },
    picture,
    h(
      "div",
      { class: "facts" },
      h("p", { class: "sure", title: sureLong }, h("b", {}, sure), bar),
      h("p", { class: result.identity ? "who" : "who unnamed" }, personText(result.identity)),
      h("p", { class: "soft" }, cameraText(result.camera)),
      h("p", { class: "soft" }, timeText(result.time)),
    ),
    h(
      "div",
      { class: "tools" },
      marks?.element,
      button(S.search.alsoThis(name), { icon: "plus", quiet: true, onclick: () => also(personOfEntry(result)) }),
    ),
  );
  picture.addEventListener("keydown", (event) => {
    const right = { y: true, n: false }[event.key.toLowerCase()];
    if (right === undefined || !marks || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    marks.mark(right);
  });
  return item;
}

/** Two buttons, of which at most one is pressed; pressing it again takes the mark back. */
function markButtons(result, name, keep) {
  let marked = result.marked ?? null;
  const yes = button(S.search.right, { icon: "right", quiet: true, kind: "yes", onclick: () => mark(true) });
  const no = button(S.search.wrong, { icon: "wrong", quiet: true, kind: "no", onclick: () => mark(false) });
  const element = h("div", { class: "marks", role: "group", "aria-label": S.search.mark(name) }, yes, no);

  function show() {
    yes.setAttribute("aria-pressed", String(marked === true));
    no.setAttribute("aria-pressed", String(marked === false));
  }

  async function mark(right) {
    const [before, wanted] = [marked, marked === right ? null : right];
    marked = wanted;
    show();
    try {
      await keep(result.id, wanted);
      announce(wanted === null ? S.search.unmarked : S.search.marked(wanted), { silent: true });
    } catch (error) {
      marked = before;
      show();
      announce(error.message);
    }
  }

  show();
  return { element, mark };
}
