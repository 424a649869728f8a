// The token that a service beyond this machine asks for: asked once, kept until the tab is closed.

import { announceWithin } from "./announce.js";
import { button, field, h } from "./dom.js";
import { S } from "./strings.js";

const KEY = "dgnet-token";

export const token = () => sessionStorage.getItem(KEY);
export const authorization = () => (token() ? { Authorization: `Bearer ${token()}` } : {});

let asking = null;

/** Ask for the token, whoever needs it, in one dialog. Resolves to whether one was given; `wrong`: the last was not it. */
export function askForToken(wrong) {
  asking ??= show(wrong).finally(() => (asking = null));
  return asking;
}

function show(wrong) {
  sessionStorage.removeItem(KEY);
  return new Promise((resolve) => {
    const input = h("input", {
      type: "password", name: "token", required: true, autocomplete: "off", spellcheck: "false",
      "aria-invalid": wrong ? "true" : null, "aria-describedby": wrong ? "token-wrong" : null,
    });
    const dialog = h(
      "dialog",
      { class: "narrow", "aria-labelledby": "token-title" },
      h(
        "form",
        { method: "dialog", onsubmit: () => sessionStorage.setItem(KEY, input.value.trim()) },
        h("h2", { id: "token-title" }, S.token.title),
        h("p", { class: "soft" }, S.token.lead),
        field(S.token.field, input),
        wrong && h("p", { class: "wrong", id: "token-wrong" }, S.token.wrong),
        h("div", { class: "actions" },
          button(S.cancel, { onclick: () => dialog.close() }), button(S.token.use, { kind: "primary", type: "submit" })),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(Boolean(token()));
    });
    document.body.append(dialog);
    dialog.showModal();
    announceWithin(dialog);
    input.focus();
  });
}
