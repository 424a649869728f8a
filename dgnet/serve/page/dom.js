// Elements, made in one call: h("p", { class: "lead" }, "text", otherElement).

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with attributes and children. A value that is a function listens (`onclick`); true and false set and leave
 * out attributes; children that are null, undefined or false are left out.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...shown(children));
  return element;
}

/** Put these children in place of all that an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...shown(children));
}

const shown = (children) => children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false);

/** One of the drawings in icons.svg; it says nothing to a screen reader, so a label must stand beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** A button with a text, an icon, or both. With `quiet` the text is for screen readers, and a tooltip, alone. */
export function button(text, { icon: name, quiet = false, kind = "", ...attributes } = {}) {
  return h(
    "button",
    { type: "button", class: `button ${kind} ${quiet ? "quiet" : ""}`.trim(), title: quiet ? text : null, ...attributes },
    name && icon(name),
    h("span", { class: quiet ? "hidden" : null }, text),
  );
}

/** A label above its input, select or output. */
export function field(label, input, hint) {
  return h("label", { class: "field" }, h("span", {}, label), input, hint && h("small", {}, hint));
}

let lastId = 0;
/** An id that no other element has. */
export const freshId = (name) => `${name}-${++lastId}`;
