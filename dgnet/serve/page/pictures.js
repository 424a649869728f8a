// Pictures: those of entries, which the service keeps, and those that people give. Each is an <img>.

import { api } from "./api.js";
import { h } from "./dom.js";
import { token } from "./token.js";

const KEPT = 600; // addresses of pictures that were fetched with a token; the oldest are let go
const fetched = new Map();

/** The picture at an address of the service, for people who see it and, as `alt`, for those who do not. */
export function pictureOf(address, alt) {
  const image = h("img", { alt, class: "crop", draggable: "false", decoding: "async", loading: "lazy" });
  image.addEventListener("error", () => image.classList.add("missing"));
  if (!address) image.classList.add("missing");
  else if (!token()) image.src = address;
  else withToken(address).then((url) => (image.src = url), () => image.classList.add("missing"));
  return image;
}

/** An <img> cannot send the token, so the picture is fetched, once. */
function withToken(address) {
  if (!fetched.has(address)) {
    const coming = api.picture(address).then((blob) => URL.createObjectURL(blob));
    coming.catch(() => fetched.delete(address));
    fetched.set(address, coming);
    if (fetched.size > KEPT) {
      const [oldest, url] = fetched.entries().next().value;
      fetched.delete(oldest);
      url.then(URL.revokeObjectURL, () => {});
    }
  }
  return fetched.get(address);
}

/** The picture that a person of a question or a swap is shown by. */
export function pictureOfPerson(person) {
  if (person.entry) return pictureOf(person.entry.picture, person.name);
  person.url ??= URL.createObjectURL(person.file);
  return h("img", { alt: person.name, class: "crop", src: person.url, draggable: "false" });
}

/** A picture that the model drew, from base64. */
export const drawnPicture = (base64, alt) =>
  h("img", { alt, class: "crop drawn", src: `data:image/png;base64,${base64}`, draggable: "false" });
