// Which pictures a search may find, how many it shows, and how sure it must be.

import { button, field, fill, h } from "./dom.js";
import { cameraText, isDate, secondsOf } from "./format.js";
import { S } from "./strings.js";

const COUNTS = [10, 20, 50, 100];
const USUAL = 20;

/** A form of filters; `change` is called when one changes. `values()` gives the fields of the search, and
 * `active()` how many of them leave pictures out. */
export function filtersForm(change) {
  const cameras = h("div", { class: "chips" });
  const cameraGroup = h("fieldset", {}, h("legend", {}, S.filters.cameras), cameras);
  const times = h("div", { class: "pair" });
  const many = h("select", {}, COUNTS.map((number) => h("option", { value: number, selected: number === USUAL }, String(number))));
  const known = h("select", {}, [["", S.filters.everybody], ["true", S.filters.named], ["false", S.filters.unnamed]].map(
    ([value, text]) => h("option", { value }, text)));
  const far = h("select", {});
  const farField = field(S.filters.far, far);
  const from = h("select", {});
  const fromField = field(S.filters.from, from, S.filters.fromHint);
  const summary = h("summary", {}, S.filters.title);
  const reset = button(S.filters.reset, { kind: "plain", type: "reset" });
  const form = h("form", {}, cameraGroup, times, field(S.filters.known, known), farField, fromField, field(S.filters.many, many), reset);
  const element = h("details", { class: "filters" }, summary, form);
  let inputs = { after: null, before: null };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", changed);
  form.addEventListener("reset", () => setTimeout(changed)); // the fields are reset after this event

  function changed() {
    count();
    change();
  }

  function active() {
    const { cameras: chosen, after, before, known: who, far: rate } = values();
    return [chosen.length, after !== null, before !== null, who, rate].filter(Boolean).length;
  }

  function count() {
    summary.textContent = S.filters.active(active());
    reset.hidden = active() === 0 && !from.value;
  }

  function values() {
    return {
      cameras: [...cameras.querySelectorAll("input:checked")].map((input) => input.value),
      after: inputs.after && secondsOf(inputs.after),
      before: inputs.before && secondsOf(inputs.before),
      known: known.value || null,
      far: far.value || null,
      from_camera: from.value || null,
      top: many.value,
    };
  }

  /** Offer what the gallery has: its cameras, its times, its calibrated rates. What is chosen stays chosen. */
  function offer(gallery) {
    const chosen = new Set(values().cameras);
    const names = Object.keys(gallery.cameras);
    cameraGroup.hidden = names.length < 2;
    fill(
      cameras,
      names.map((name) =>
        h("label", { class: "chip" },
          h("input", { type: "checkbox", value: name, checked: chosen.has(name) }),
          h("span", {}, cameraText(name), h("small", {}, gallery.cameras[name].toLocaleString("en")))),
      ),
    );
    times.hidden = gallery.earliest === null;
    if (!inputs.after && !times.hidden) {
      const kind = isDate(gallery.earliest) ? { type: "datetime-local" } : { type: "number", step: "any", placeholder: S.filters.seconds };
      inputs = { after: h("input", kind), before: h("input", kind) };
      fill(times, field(S.filters.after, inputs.after), field(S.filters.before, inputs.before));
    }
    const rates = gallery.fars;
    farField.hidden = !rates.length;
    const rate = far.value;
    fill(
      far,
      h("option", { value: "" }, S.filters.farNone),
      rates.map((one) => h("option", { value: one, selected: String(one) === rate }, S.filters.farRate(one))),
    );
    fromField.hidden = !gallery.centred.length;
    const camera = from.value;
    fill(
      from,
      h("option", { value: "" }, S.filters.fromUnknown),
      gallery.centred.map((name) => h("option", { value: name, selected: name === camera }, cameraText(name))),
    );
    count();
  }

  element.open = matchMedia("(min-width: 900px)").matches;
  return { element, offer, values, active };
}
