import { Fault } from "@dlmskit/core";
import type { ServerEvent } from "@dlmskit/server";
import type { Fleet } from "../fleet/fleet.ts";

/** Characters of a text in an event. */
const longestText = 500;
/** Events of meters that are told in one interval. The others are counted. */
const mostEvents = 200;

const shownNames = [
  ...["type", "meter", "remote", "why", "what", "table", "destination", "confirmed"],
  ...["again", "until", "listener", "longInvokeId", "to"],
] as const;

const cut = (value: unknown): unknown => (typeof value === "string" ? value.slice(0, longestText) : value);

/** An event as JSON: no secret, and no more than a line. */
export function eventJson(event: ServerEvent, fleet: Fleet): object {
  const index = "meter" in event && event.meter !== undefined ? fleet.indexOfName(event.meter) : undefined;
  const serial = index === undefined ? undefined : fleet.serial(index);
  const values = event as unknown as { readonly [name: string]: unknown };
  const error = values.fault ?? values.error;
  return {
    at: new Date().toISOString(),
    ...Object.fromEntries(
      shownNames.flatMap((name) => (values[name] === undefined ? [] : [[name, cut(values[name])]])),
    ),
    ...(serial === undefined ? {} : { serial }),
    ...(error === undefined
      ? {}
      : { fault: error instanceof Fault ? error.toJSON() : { message: cut(String(error)) } }),
  };
}

/** Who is told what happens at the meters. */
export interface EventReader {
  /** `json` makes the event as JSON: call it for an event that is told. */
  event(json: () => object): void;
  /** Another process had too many events to tell. */
  skipped(count: number): void;
}

/** Lets through so many events in an interval, and counts the others. */
export class EventLimit {
  #events = 0;
  #skipped = 0;

  /** Whether one more event is told. */
  admits(): boolean {
    if (++this.#events <= mostEvents) return true;
    this.#skipped++;
    return false;
  }

  skip(count: number): void {
    this.#skipped += count;
  }

  /** Begins the next interval. Returns how many events were not told in the last one. */
  next(): number {
    const skipped = this.#skipped;
    this.#events = 0;
    this.#skipped = 0;
    return skipped;
  }
}

/** ms of an interval. */
export const eventInterval = 1000;
