import type { Fault } from "@dlmskit/core";
import type { Clock } from "../clock.ts";

/** What can be closed if it was opened too late: a `Duplex`, a `Session`. */
export type Closable = { destroy(): void } | { close(): Promise<void> | void };

/** Why an attempt was given up. */
export type Ended = "late" | "aborted";

export interface WithinOptions {
  readonly clock: Clock;
  /** ms of the clock; `Infinity`: no time limit. */
  readonly until: number;
  readonly signal: AbortSignal | undefined;
  readonly faults: { readonly [ended in Ended]: () => Fault };
}

/** Opens something until a time; what is opened later is closed. The signal that `open` gets is aborted when it is given up. */
export function within<T extends Closable>(
  open: (signal: AbortSignal) => Promise<T>,
  { clock, until, signal, faults }: WithinOptions,
): Promise<T> {
  const controller = new AbortController();
  return new Promise((resolve, reject) => {
    let over = false;
    const settle = (): boolean => {
      if (over) return false;
      over = true;
      cancel?.();
      signal?.removeEventListener("abort", stop);
      return true;
    };
    const give = (ended: Ended): void => {
      if (!settle()) return;
      reject(faults[ended]());
      controller.abort();
    };
    const stop = (): void => give("aborted");
    signal?.addEventListener("abort", stop, { once: true });
    const cancel = Number.isFinite(until) ? clock.at(until, () => give("late")) : undefined;
    const opening = (async () => open(controller.signal))();
    opening.then(
      (opened) => {
        if (settle()) resolve(opened);
        else void close(opened);
      },
      (fault: unknown) => {
        if (settle()) reject(fault);
      },
    );
  });
}

async function close(opened: Closable): Promise<void> {
  try {
    if ("destroy" in opened) opened.destroy();
    else await opened.close();
  } catch {
    // Nobody waits for it any more.
  }
}
