// The view Search: a question (one person, on one or more pictures) and who was found.

import { announce } from "./announce.js";
import { api } from "./api.js";
import { arrowKeys } from "./arrows.js";
import { chosenList, peopleOfFiles } from "./chosen.js";
import { button, fill, h, icon } from "./dom.js";
import { filtersForm } from "./filters.js";
import { entryText } from "./format.js";
import { intakeButtons } from "./intake.js";
import { busyLine, emptyPanel, failurePanel, waitingPictures } from "./panels.js";
import { fieldsOf, personOfEntry } from "./people.js";
import { pictureOf } from "./pictures.js";
import { resultItem } from "./result.js";
import { sampleEntries } from "./sample.js";
import { changes, state } from "./state.js";
import { S } from "./strings.js";

const NUM_SAMPLES = 8;

// Every question that was asked, by its number in the page's address, so that Back returns to it.
const asked = [];

const most = () => state.info.limits.images;

/** Ask who these people-on-pictures (one person) are; nobody: start over. Those beyond what a search takes are left out. */
export function askFor(people) {
  if (!people.length) location.hash = "#search";
  else location.hash = `#search/${asked.push(people.slice(0, most()))}`;
}

export function searchView() {
  const element = h("div", { class: "view search" });
  const filters = filtersForm(run);
  const question = h("div", { class: "question" });
  const answers = h("div", { class: "answers" });
  let people = [];
  let running = null;

  const accept = async (files) => {
    const given = await peopleOfFiles(files);
    if (given.length) askFor([...people, ...given]);
  };

  function show(number) {
    const before = people;
    people = asked[Number(number) - 1] ?? [];
    filters.offer(state.info.gallery);
    if (!people.length) {
      running?.abort();
      fill(element, hero(accept));
      return;
    }
    if (before !== people || !answers.isConnected) {
      showQuestion();
      fill(element, h("h1", { class: "hidden" }, S.search.title), h("div", { class: "asked" }, question, answers));
      scrollTo(0, 0);
      run();
      answers.querySelector("h2")?.focus({ preventScroll: true });
    }
  }

  function showQuestion() {
    const full = people.length >= most();
    fill(
      question,
      h("h2", {}, S.search.query),
      chosenList(people, askFor, { label: S.search.dropFromQuery }),
      h("div", { class: "actions" },
        !full && intakeButtons(accept, { text: S.search.addMore, kind: "" }), button(S.search.clear, { kind: "plain", onclick: () => askFor([]) })),
      full ? h("p", { class: "note" }, S.search.full(most())) : h("p", { class: "soft" }, S.search.several),
      filters.element,
    );
  }

  async function run() {
    if (!people.length) return;
    running?.abort();
    const { signal } = (running = new AbortController());
    const heading = h("h2", { tabindex: "-1" }, S.search.searching);
    fill(answers, h("header", {}, heading), busyLine(), waitingPictures(12, "results"));
    let found;
    try {
      found = await api.search({ ...fieldsOf(people), ...filters.values() }, signal);
    } catch (error) {
      if (!signal.aborted) fill(answers, failurePanel(S.search.failed, error, run));
      return;
    }
    showFound(found, heading);
  }

  function showFound(found, heading) {
    const { results } = found;
    if (!results.length) {
      const [title, lead] = nobodyText(found, filters.active());
      announce(title, { silent: true });
      fill(answers, emptyPanel("person", title, lead));
      return;
    }
    const focused = document.activeElement === heading;
    heading.textContent = S.search.found(results.length);
    announce(heading.textContent, { silent: true });
    const alone = people.length === 1 && people[0].entry; // marks of two entries are worth more: they outlive a model
    const of = alone ? { query_entry: alone.id } : { query: found.query };
    const mark = state.info.gallery.writable && ((entry, right) => api.mark({ ...of, entry, right }));
    const options = { mark, onward: (one) => askFor([one]), also: (one) => askFor([...people, one]) };
    const list = h("ol", { class: "results" }, results.map((result, place) => resultItem(result, place + 1, options)));
    arrowKeys(list, ".picture");
    fill(
      answers,
      h("header", {}, heading, mark && h("p", { class: "soft keys" }, S.search.keys)),
      found.refused.map(({ name, message }) => h("p", { class: "wrong" }, `${name}: ${message}`)),
      list,
      h("p", { class: "note" }, howSure(found)),
    );
    if (focused) heading.focus({ preventScroll: true });
  }

  changes.addEventListener("info", () => filters.offer(state.info.gallery));
  return { element, show, accept, title: S.views.search };
}

/** Why nothing was found: the gallery holds nobody (else), nobody is like enough, or the filters let nobody pass. */
function nobodyText(found, filtered) {
  if (!state.info.gallery.num_entries) return [S.search.emptyGallery, S.search.emptyGalleryLead];
  if (found.threshold !== null && found.best !== null && found.best < found.threshold) return [S.search.nobody, S.search.nobodyLead(found.best, found.threshold)];
  return [S.search.nobody, filtered ? S.search.nothingPasses : S.search.nobodyElse];
}

function howSure(found) {
  if (!found.calibrated) return [S.search.uncalibrated, " ", h("code", {}, S.search.calibrate(state.info.gallery.name))];
  return [S.search.probabilities, found.threshold !== null && ` ${S.search.threshold(found.threshold)}`];
}

/** What is there before anything was asked. */
function hero(accept) {
  if (!state.info.gallery.num_entries) {
    const add = h("a", { href: "#gallery", class: "button primary" }, icon("plus"), h("span", {}, S.search.toGallery));
    return [h("h1", { class: "hidden" }, S.search.title), emptyPanel("gallery", S.search.emptyGallery, S.search.emptyGalleryLead, add)];
  }
  const samples = h("div", { class: "samples" }, waitingPictures(NUM_SAMPLES, "strip"));
  sampleEntries(NUM_SAMPLES).then(
    (entries) => {
      const strip = h("ul", { class: "strip" }, entries.map((entry) =>
        h("li", {}, h("button",
          { type: "button", class: "picture", "aria-label": S.search.onward(entryText(entry)), title: entryText(entry),
            onclick: () => askFor([personOfEntry(entry)]) },
          pictureOf(entry.picture, "")))));
      arrowKeys(strip, ".picture");
      fill(samples, entries.length ? [h("h2", {}, S.search.tryThese), strip] : []);
    },
    () => samples.remove(),
  );
  return h(
    "div",
    { class: "hero" },
    h("h1", {}, S.search.title),
    h("p", { class: "lead" }, S.search.lead),
    h(
      "div",
      { class: "drop" },
      h("div", { class: "figures", "aria-hidden": "true" }, icon("person"), icon("person"), icon("person")),
      h("p", {}, S.give.orDrop),
      h("div", { class: "actions" }, intakeButtons(accept)),
      h("p", { class: "soft" }, S.search.several),
    ),
    samples,
  );
}
