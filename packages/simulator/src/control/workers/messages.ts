import { Fault } from "@dlmskit/core";

/** The first process calls a method of a worker. Arguments are JSON. */
export interface WorkerCall {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type FaultJson = { readonly [name: string]: string | number };

/** What a worker tells the first process: the answer to a call, an event, or how many events it could not tell. */
export type WorkerTold =
  | { readonly answer: number; readonly result?: unknown }
  | { readonly answer: number; readonly fault: FaultJson }
  | { readonly event: object }
  | { readonly skipped: number };

/** The simulated time, as all workers compute it from a clock that they share. */
export interface SharedTime {
  /** The shared clock at a moment, ms. */
  readonly at: number;
  /** The time of day at that moment, ms since 1970 UTC. */
  readonly now: number;
  readonly rate: number;
}

/** The time of day when the shared clock is at `at`. */
export const timeAt = (time: SharedTime, at: number): number => time.now + (at - time.at) * time.rate;

/** An error as JSON. Errors of the program are told without their text, as to a client of the control port. */
export function faultJson(error: unknown): FaultJson {
  if (error instanceof Fault) return error.toJSON();
  return new Fault("internal-error", "the worker failed: it is an error of the program", {
    layer: "simulator",
  }).toJSON();
}

/** The Fault that `faultJson` made JSON of. */
export function faultOf(json: FaultJson): Fault {
  const { code, message, layer, offset, hint, expected, detail, path } = json as {
    readonly [name: string]: string;
  } & { readonly offset?: number; readonly expected?: number };
  const fault = new Fault<string, string>(code as never, String(message), {
    layer: String(layer),
    ...(offset === undefined ? {} : { offset }),
    ...(hint === undefined ? {} : { hint }),
    ...(expected === undefined ? {} : { expected }),
    ...(detail === undefined ? {} : { detail }),
  });
  if (path !== undefined) fault.path.push(...path.split("."));
  return fault;
}
