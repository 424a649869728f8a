// Calls of the service. Every failure is a ServiceError whose message is a sentence for people.

import { announce } from "./announce.js";
import { connection } from "./connection.js";
import { S } from "./strings.js";
import { askForToken, authorization, token } from "./token.js";

const PATIENCE = 4; // times that a busy service is asked again

export class ServiceError extends Error {
  constructor(message, { code = "", status = 0 } = {}) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Ask the service; returns the response where it is fine. A token is asked for, and a busy service asked again. */
async function ask(path, options = {}) {
  for (let attempt = 0; ; attempt += 1) {
    const sent = token();
    let response;
    try {
      response = await fetch(path, { ...options, headers: { ...options.headers, ...authorization() } });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      connection.lost();
      throw new ServiceError(S.trouble.offline, { code: "offline" });
    }
    if (response.ok) return response;
    if (response.status === 401) {
      // Another call may have been answered with a new token meanwhile.
      if (sent !== token() || (await askForToken(Boolean(sent)))) continue;
      throw new ServiceError(S.token.needed, { code: "token", status: 401 });
    }
    if ((response.status === 503 || response.status === 429) && attempt < PATIENCE) {
      const seconds = Math.min(30, Math.max(1, Number(response.headers.get("Retry-After")) || 1));
      announce(S.trouble.busy(seconds));
      await pause(seconds * 1000, options.signal);
      continue;
    }
    throw await refusal(response);
  }
}

async function refusal(response) {
  const told = await response.json().catch(() => null);
  const { code = "", message = S.trouble.odd(response.status) } = told?.error ?? {};
  return new ServiceError(message, { code, status: response.status });
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("", "AbortError"));
    });
  });
}

/** What a form sends: pictures (files with names), entries (ids) and other fields; those that are null are left out. */
function formOf({ pictures = [], entries = [], ...fields }) {
  const form = new FormData();
  for (const { file, name } of pictures) form.append("images", file, name);
  for (const id of entries) form.append("entries", id);
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined) form.append(name, String(one));
  }
  return form;
}

function parametersOf(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}

const json = async (path, options) => (await ask(path, options)).json();
const post = (path, body, signal) => json(path, { method: "POST", body, signal });
const asJson = (body) => ({ body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
const entryPath = (id) => `/v1/entries/${encodeURIComponent(id)}`;

export const api = {
  info: () => json("/v1/info"),
  search: (query, signal) => post("/v1/search", formOf(query), signal),
  swap: (people, signal) => post("/v1/swap", formOf(people), signal),
  interpolate: (people, signal) => post("/v1/interpolate", formOf(people), signal),
  entries: (wanted, signal) => json(`/v1/entries?${parametersOf(wanted)}`, { signal }),
  entry: (id) => json(entryPath(id)),
  add: (pictures, known, signal) => post("/v1/entries", formOf({ pictures, ...known }), signal),
  name: (id, identity) => json(entryPath(id), { method: "PATCH", ...asJson({ identity }) }),
  remove: (id) => ask(entryPath(id), { method: "DELETE" }),
  mark: (mark) => ask("/v1/marks", { method: "POST", ...asJson(mark) }),
  picture: async (address) => (await ask(address)).blob(),
};
