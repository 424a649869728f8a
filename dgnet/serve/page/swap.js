// The view Swap: two to eight people, everyone in everyone's clothes, and the way from one to another.

import { announce } from "./announce.js";
import { api } from "./api.js";
import { chosenList, peopleOfFiles } from "./chosen.js";
import { button, fill, h, icon } from "./dom.js";
import { swapTable } from "./grid.js";
import { intakeButtons } from "./intake.js";
import { busyLine, emptyPanel, failurePanel } from "./panels.js";
import { fieldsInOrder, personOfEntry } from "./people.js";
import { pickEntries } from "./picker.js";
import { sampleEntries } from "./sample.js";
import { sliderSection } from "./slider.js";
import { changes, setSwap, state } from "./state.js";
import { S } from "./strings.js";

const FEW = 4; // people whose grid leaves room for the slider beside it

export function swapView() {
  const element = h("div", { class: "view swap" });
  const top = h("div", {});
  const drawings = h("div", { class: "drawings" });
  let shown = null; // the people that `drawings` are of
  let running = null;
  let slider = null;

  function change(people) {
    if (!setSwap(people)) announce(S.swap.full(most()));
  }

  const most = () => state.info.limits.people;
  const accept = async (files) => change([...state.swap, ...(await peopleOfFiles(files))]);
  const pick = async () => {
    const entries = await pickEntries(most() - state.swap.length);
    if (entries.length) change([...state.swap, ...entries.map(personOfEntry)]);
  };
  const any = async (number) => {
    try {
      change((await sampleEntries(number)).map(personOfEntry));
    } catch (error) {
      announce(error.message);
    }
  };

  function show() {
    if (!state.info.model.generates) {
      fill(element, h("h1", { class: "hidden" }, S.swap.title), emptyPanel("swap", S.swap.cannot, S.swap.cannotLead));
      return;
    }
    if (!element.firstChild) fill(element, top, drawings);
    showPeople();
    if (shown !== state.swap) draw();
  }

  function showPeople() {
    const people = state.swap;
    const full = people.length >= most();
    const several = state.info.gallery.num_entries > 1;
    const ways = [
      !full && intakeButtons(accept, { kind: "" }),
      !full && several && button(S.swap.fromGallery, { icon: "gallery", onclick: pick }),
      several && button(S.swap.anyTwo, { icon: "shuffle", kind: people.length ? "" : "primary", onclick: () => any(2) }),
      several && button(S.swap.anyFour, { icon: "shuffle", onclick: () => any(4) }),
    ];
    const intro = h("div", { class: "intro" }, h("h1", {}, S.swap.title), h("p", { class: "lead" }, S.swap.lead));
    if (!people.length) {
      fill(top, intro, h("div", { class: "drop" },
        h("div", { class: "figures", "aria-hidden": "true" }, icon("person"), icon("swap"), icon("person")),
        h("p", {}, S.give.orDrop), h("div", { class: "actions" }, ways)));
      return;
    }
    fill(
      top,
      intro,
      h(
        "section",
        { class: "card", "aria-labelledby": "swap-people" },
        h("h2", { id: "swap-people" }, S.swap.people),
        chosenList(people, change, { label: S.swap.takeOut, numbered: true }),
        people.length === 1 && h("p", { class: "soft" }, S.swap.oneMore),
        full && h("p", { class: "soft" }, S.swap.full(most())),
        h("div", { class: "actions" }, ways),
      ),
    );
  }

  async function draw() {
    const people = (shown = state.swap);
    running?.abort();
    slider?.stop();
    if (people.length < 2) {
      fill(drawings);
      return;
    }
    const { signal } = (running = new AbortController());
    const grid = h("section", { class: "card", "aria-labelledby": "grid-title" },
      h("h2", { id: "grid-title" }, S.swap.grid), h("p", { class: "soft" }, S.swap.gridLead));
    const body = h("div", {}, busyLine());
    grid.append(body);
    fill(drawings, grid);
    drawings.classList.toggle("few", people.length <= FEW);
    try {
      const answer = await api.swap(await fieldsInOrder(people), signal);
      fill(body, swapTable(people, answer));
      announce(S.swap.done(people.length), { silent: true });
      slider = sliderSection(people);
      fill(drawings, grid, slider.element);
    } catch (error) {
      if (!signal.aborted) fill(body, failurePanel(S.swap.failed, error, draw));
    }
  }

  changes.addEventListener("swap", () => element.isConnected && show());
  return { element, show, accept, title: S.views.swap };
}
