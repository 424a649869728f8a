// From one person to another: all frames are fetched once, then the slider only shows them.

import { api } from "./api.js";
import { field, fill, h } from "./dom.js";
import { busyLine, failurePanel } from "./panels.js";
import { fieldsInOrder } from "./people.js";
import { drawnPicture, pictureOfPerson } from "./pictures.js";
import { S } from "./strings.js";

const STEPS = 21;
const CODES = ["appearance", "structure"];

/** The section with the slider, of two or more people; `onGone` of it stops what is still being fetched. */
export function sliderSection(people) {
  const names = people.map((_, place) => S.swap.person(place + 1));
  const choice = (chosen) =>
    h("select", { onchange: draw }, names.map((name, place) => h("option", { value: place, selected: place === chosen }, name)));
  const from = choice(0);
  const to = choice(1);
  const codes = h(
    "fieldset",
    { class: "segments", onchange: draw },
    h("legend", {}, S.swap.code),
    h("div", {}, CODES.map((code, place) =>
      h("label", { class: code }, h("input", { type: "radio", name: "code", value: code, checked: place === 0 }), h("span", {}, S.swap[code])))),
  );
  const stage = h("div", { class: "walk" });
  const slider = h("input", { type: "range", min: "0", max: String(STEPS - 1), value: "0", step: "1", oninput: showFrame });
  const element = h(
    "section",
    { class: "card slider", "aria-labelledby": "slider-title" },
    h("h2", { id: "slider-title" }, S.swap.slider),
    h("p", { class: "soft" }, S.swap.sliderLead),
    h("div", { class: "controls" }, codes, people.length > 2 && h("div", { class: "ends" }, field(S.swap.from, from), field(S.swap.to, to))),
    stage,
    h("label", { class: "field range" }, h("span", { class: "hidden" }, S.swap.between), slider),
  );
  const kept = new Map(); // frames by people and code, so that going back to a choice needs no drawing
  let frames = [];
  let running = null;

  const code = () => codes.querySelector(":checked").value;
  const ends = () => [Number(from.value), Number(to.value)];

  async function draw() {
    running?.abort();
    const { signal } = (running = new AbortController());
    const [a, b] = ends();
    const key = `${a} ${b} ${code()}`;
    try {
      if (!kept.has(key)) {
        slider.disabled = true;
        fill(stage, busyLine());
        const fields = { ...(await fieldsInOrder([people[a], people[b]])), code: code(), steps: STEPS, keep: "first" };
        kept.set(key, (await api.interpolate(fields, signal)).pictures);
      }
      if (signal.aborted) return;
      frames = kept.get(key).map((base64) => drawnPicture(base64, ""));
      await Promise.all(frames.map((frame) => frame.decode()));
    } catch (error) {
      if (!signal.aborted) fill(stage, failurePanel(S.swap.failed, error, draw));
      return;
    }
    if (signal.aborted) return;
    slider.disabled = false;
    const end = (place) => h("figure", { class: code() }, pictureOfPerson(people[place]), h("figcaption", {}, names[place]));
    const live = h("figure", { class: "live" }, h("div", { class: "frames" }), h("figcaption", {}, h("output", {})));
    fill(stage, end(a), live, end(b));
    showFrame();
  }

  function showFrame() {
    const frame = frames[Number(slider.value)];
    const holder = stage.querySelector(".frames");
    if (!frame || !holder) return;
    const [a, b] = ends();
    const percent = Math.round((Number(slider.value) / (STEPS - 1)) * 100);
    const where = S.swap.at(code(), percent, names[a], names[b]);
    frame.alt = S.swap.picture(code(), names[a], names[b]);
    fill(holder, frame);
    stage.querySelector("output").textContent = S.swap.way(code(), percent, names[a], names[b]);
    slider.setAttribute("aria-valuetext", where);
  }

  draw();
  return { element, stop: () => running?.abort() };
}
