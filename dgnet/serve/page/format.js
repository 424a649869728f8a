// How people, cameras and times are written.

import { S } from "./strings.js";

const DATES = 1e8; // seconds: later times (after March 1973) are taken for dates, earlier ones for seconds of a film

export const isDate = (seconds) => seconds !== null && seconds >= DATES;

const moment = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const thisYear = new Intl.DateTimeFormat("en-GB", moment);
const anyYear = new Intl.DateTimeFormat("en-GB", { ...moment, year: "numeric" });

/** A time as people write it: a date, or seconds on the camera's own clock; null where unknown. */
export function timeText(seconds) {
  if (seconds === null || seconds === undefined) return null;
  if (isDate(seconds)) {
    const date = new Date(seconds * 1000);
    return (date.getFullYear() === new Date().getFullYear() ? thisYear : anyYear).format(date);
  }
  return `${Number(seconds.toFixed(2)).toLocaleString("en")} s`;
}

/** A camera's name; one that is a number alone would say nothing beside other numbers. */
export const cameraText = (camera) => (/^\d+$/.test(camera ?? "") ? S.camera(camera) : camera || S.unknownCamera);
export const personText = (identity) => identity || S.unknownPerson;

/** What a picture is called where only a name can say which one is meant. */
export function entryText(entry) {
  return [personText(entry.identity), cameraText(entry.camera), timeText(entry.time)].filter(Boolean).join(", ");
}

/** Whole per cents, but never 0 or 100: nothing measured is certain. */
export const percentOf = (probability) => Math.min(99, Math.max(1, Math.round(probability * 100)));

/** The value of a datetime-local or number input in seconds; null where it is empty. */
export function secondsOf(input) {
  if (!input.value) return null;
  return input.type === "number" ? Number(input.value) : new Date(input.value).getTime() / 1000;
}
