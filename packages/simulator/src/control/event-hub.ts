import type { HttpStream } from "@dlmskit/transport/node";
import { EventLimit, eventInterval } from "./events.ts";
import type { ControlPort } from "./port.ts";

/** Readers at one time. */
export const mostReaders = 32;

const told = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** Tells all readers what happens. Without readers it does nothing. */
export class EventHub {
  readonly #control: ControlPort;
  readonly #readers = new Set<HttpStream>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #stop: (() => void) | undefined;
  readonly #limit = new EventLimit();

  constructor(control: ControlPort) {
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
    }, eventInterval);
    this.#timer.unref();
    this.#stop = this.#control.listen({
      event: (json) => {
        if (this.#limit.admits()) this.#tell(told("meter", json()));
      },
      skipped: (count) => this.#limit.skip(count),
    });
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#stop?.();
  }

  #tell(text: string): void {
    for (const reader of this.#readers) reader.write(text);
  }

  async #tellState(): Promise<void> {
    const skipped = this.#limit.next();
    this.#tell(told("state", { ...(await this.#control.fleet()), skipped }));
  }
}
