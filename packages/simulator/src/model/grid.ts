// The time grid in local time on which energy is divided and events are drawn: spans of 64 days, days, quarters of an hour, minutes. It
// begins at 1970-01-01 local time for every meter, so the content of a span does not depend on the requests.

export const minuteSeconds = 60;
/** Seconds in a quarter of an hour. */
export const slotSeconds = 900;
export const daySeconds = 86_400;
export const slotsPerDay = 96;
export const spanDays = 64;
export const spanSeconds = spanDays * daySeconds;
export const spanMs = spanSeconds * 1000;
/** The number of spans that the model covers: until June 2149. */
export const spansKnown = 1024;
export const daysKnown = spansKnown * spanDays;
