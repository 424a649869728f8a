// A dialog that cuts one person out of a photograph: a frame, twice as high as wide, moved by pointer or by keys.

import { announceWithin } from "./announce.js";
import { button, field, h } from "./dom.js";
import { redraw } from "./redraw.js";
import { S } from "./strings.js";

const RATIO = 0.5; // width per height of the frame
const WIDE = 0.7; // width per height from which a picture is hardly one standing person
const UPRIGHT = 0.55; // the same for a picture of at least TALL pixels: a telephone held upright takes 9:16 and 3:4
const TALL = 1200;
const STEP = 0.02;

export const looksUncropped = ({ width, height }) => width / height > (height < TALL ? WIDE : UPRIGHT);

/** The picture's pixels; rejects where it is none. */
export const bitmapOf = (file) => createImageBitmap(file);

/** Width and height of a file's picture, known before its pixels are decoded; null where it is none. */
export function sizeOf(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  return new Promise((resolve) => {
    image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight });
    image.onerror = () => resolve(null);
  }).finally(() => URL.revokeObjectURL(image.src));
}

/** Let somebody frame a person; resolves to a JPEG file, to the file itself (the whole picture), or to null (cancelled). */
export function cropDialog(file, bitmap) {
  // The frame: its left and upper edge and its height, as shares of the picture's width and height.
  const aspect = bitmap.width / bitmap.height;
  const at = { x: 0.5, y: 0, size: Math.min(1, aspect / RATIO) };
  const width = () => (at.size * RATIO) / aspect;
  at.x = (1 - width()) / 2;

  const url = URL.createObjectURL(file);
  const frame = h("div", { class: "frame", tabindex: "0", role: "group", "aria-roledescription": S.crop.frame });
  const stage = h("div", { class: "stage" }, h("img", { src: url, alt: "", draggable: "false" }), frame);
  const slider = h("input", { type: "range", min: "10", max: "100", step: "1" });

  function place(change = {}) {
    Object.assign(at, change);
    at.size = Math.min(at.size, 1, aspect / RATIO);
    at.x = Math.min(Math.max(0, at.x), 1 - width());
    at.y = Math.min(Math.max(0, at.y), 1 - at.size);
    const percent = (share) => `${share * 100}%`;
    Object.assign(frame.style, { left: percent(at.x), top: percent(at.y), width: percent(width()), height: percent(at.size) });
    slider.value = String(Math.round(at.size * 100));
    frame.setAttribute("aria-label", S.crop.frameAt(...[at.x, at.y, at.size].map((share) => Math.round(share * 100))));
  }

  function resize(size) {
    const middle = [at.x + width() / 2, at.y + at.size / 2];
    at.size = Math.min(size, 1, aspect / RATIO);
    place({ x: middle[0] - width() / 2, y: middle[1] - at.size / 2 });
  }

  frame.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const sizes = { "+": STEP, "=": STEP, "-": -STEP };
    if (moves[event.key]) place({ x: at.x + moves[event.key][0], y: at.y + moves[event.key][1] });
    else if (sizes[event.key]) resize(Math.max(0.1, at.size + sizes[event.key]));
    else return;
    event.preventDefault();
  });
  stage.addEventListener("pointerdown", (event) => {
    const box = stage.getBoundingClientRect();
    const shares = (one) => [(one.clientX - box.left) / box.width, (one.clientY - box.top) / box.height];
    const [x, y] = shares(event);
    const inside = x >= at.x && x <= at.x + width() && y >= at.y && y <= at.y + at.size;
    if (!inside) place({ x: x - width() / 2, y: y - at.size / 2 });
    const offset = [x - at.x, y - at.y];
    stage.setPointerCapture(event.pointerId);
    stage.onpointermove = (moved) => {
      const [left, top] = shares(moved);
      place({ x: left - offset[0], y: top - offset[1] });
    };
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => (stage.onpointermove = null));
  slider.addEventListener("input", () => resize(Number(slider.value) / 100));

  return new Promise((resolve) => {
    let answer = null;
    const dialog = h(
      "dialog",
      { class: "cropping", "aria-labelledby": "crop-title" },
      h("h2", { id: "crop-title" }, S.crop.title),
      h("p", { class: "soft" }, S.crop.lead),
      stage,
      field(S.crop.size, slider),
      h(
        "div",
        { class: "actions" },
        button(S.cancel, { onclick: () => dialog.close() }),
        button(S.crop.whole, { onclick: () => ((answer = file), dialog.close()) }),
        button(S.crop.use, {
          kind: "primary",
          onclick: async () => {
            const { width: w, height } = bitmap;
            answer = await redraw(bitmap, [at.x * w, at.y * height, width() * w, at.size * height], file.name);
            dialog.close();
          },
        }),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      URL.revokeObjectURL(url);
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    announceWithin(dialog);
    place();
    frame.focus();
  });
}
