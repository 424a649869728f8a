// Pictures drawn anew before they are sent: what was framed, and what is larger, or of another kind, than is needed.

import { h } from "./dom.js";

const KINDS = ["image/jpeg", "image/png", "image/webp"]; // that the service reads
const LARGE = 1_000_000; // bytes
const TALL = 4096; // pixels
const HEIGHT = 1024; // pixels: more than any model looks at

/** A JPEG of a part of a picture (left, upper, width, height in pixels), of at most HEIGHT pixels in height. */
export async function redraw(bitmap, [left, upper, width, height], name) {
  const scale = Math.min(1, HEIGHT / height);
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const canvas = h("canvas", size);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white"; // JPEG knows no transparency
  pen.fillRect(0, 0, size.width, size.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, left, upper, width, height, 0, 0, size.width, size.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return new File([blob], `${name.replace(/\.\w+$/, "")}.jpg`, { type: "image/jpeg" });
}

/** The file itself where the service reads it and it is not large; else a smaller JPEG of the same. */
export async function asNeeded(file, bitmap) {
  if (KINDS.includes(file.type) && file.size <= LARGE && bitmap.height <= TALL) return file;
  return redraw(bitmap, [0, 0, bitmap.width, bitmap.height], file.name);
}
