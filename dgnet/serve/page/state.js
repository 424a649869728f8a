// What all views know: what the service said of itself, and who is in Swap.

import { api } from "./api.js";

export const changes = new EventTarget();
export const state = { info: null, swap: [] };

/** Ask the service again what it holds. */
export async function refreshInfo() {
  state.info = await api.info();
  changes.dispatchEvent(new Event("info"));
}

/** Set who is in Swap; those beyond what the service draws are left out. Returns whether all had room. */
export function setSwap(people) {
  const most = state.info.limits.people;
  state.swap = people.slice(0, most);
  changes.dispatchEvent(new Event("swap"));
  return people.length <= most;
}
