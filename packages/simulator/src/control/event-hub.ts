import { Fault } from "@dlmskit/core";
import type { ServerEvent } from "@dlmskit/server";
import type { HttpStream } from "@dlmskit/transport/node";
import type { Control } from "./control.ts";

/** ms between two states of the fleet. */
const interval = 1000;
/** Events of meters that are told in one interval. The others are counted. */
const mostEvents = 200;
/** Characters of a text in an event. */
const longestText = 500;
/** Readers at one time. */
export const mostReaders = 32;

const shownNames = [
  ...["type", "meter", "remote", "why", "what", "table", "destination", "confirmed"],
  ...["again", "until", "listener", "longInvokeId", "to"],
] as const;

const cut = (value: unknown): unknown => (typeof value === "string" ? value.slice(0, longestText) : value);

/** An event as JSON: no secret, and no more than a line. */
function eventJson(event: ServerEvent, serial: string | undefined): object {
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

const told = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** Tells all readers what happens. Without readers it does nothing. */
export class EventHub {
  readonly #control: Control;
  readonly #readers = new Set<HttpStream>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #stop: (() => void) | undefined;
  #events = 0;
  #skipped = 0;

  constructor(control: Control) {
    this.#control = control;
  }

  get full(): boolean {
    return this.#readers.size >= mostReaders;
  }

  /** Adds a reader. Returns the function that removes it. */
  add(reader: HttpStream): () => void {
    this.#readers.add(reader);
    if (this.#readers.size === 1) this.#begin();
    this.#tellState().catch(() => undefined);
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#end();
    };
  }

  #begin(): void {
    this.#timer = setInterval(() => {
      this.#tellState().catch(() => undefined);
    }, interval);
    this.#timer.unref();
    this.#stop = this.#control.watch.listen((event) => this.#tellEvent(event));
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#stop?.();
  }

  #tell(text: string): void {
    for (const reader of this.#readers) reader.write(text);
  }

  async #tellState(): Promise<void> {
    const skipped = this.#skipped;
    this.#events = 0;
    this.#skipped = 0;
    this.#tell(told("state", { ...(await this.#control.fleet()), skipped }));
  }

  #tellEvent(event: ServerEvent): void {
    if (++this.#events > mostEvents) {
      this.#skipped++;
      return;
    }
    const { fleet } = this.#control.simulator;
    const index = "meter" in event && event.meter !== undefined ? fleet.indexOfName(event.meter) : undefined;
    this.#tell(told("meter", eventJson(event, index === undefined ? undefined : fleet.serial(index))));
  }
}
