import type { Fault } from "@dlmskit/core";
import { type Attempt, type Closable, type DialEvent, Dialler } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import type { Command } from "commander";
import { io } from "../io.ts";
import { visible } from "../output/visible.ts";

/** How often and how long a command tries. */
export interface AttemptOptions {
  readonly retries?: number;
  readonly deadline?: number;
  /** When the whole command must have ended, ms of the system clock: `--deadline` from its start. */
  readonly until?: number;
}

/** Sets the end of the command, before it runs. */
export function startDeadline(command: Command): void {
  const { deadline } = command.opts<AttemptOptions>();
  if (deadline !== undefined) command.setOptionValueWithSource("until", systemClock.now() + deadline, "config");
}

/** The time until the end of the command, ms, for what takes a time limit. */
export const timeLeft = ({ until }: AttemptOptions): { readonly deadline?: number } =>
  until === undefined ? {} : { deadline: Math.max(0, until - systemClock.now()) };

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Opens a connection, again after a failure as often as `--retries` says. A failed attempt is a note on standard error. */
export function attempting<T extends Closable>(
  place: string,
  options: AttemptOptions,
  open: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const { retries = 0 } = options;
  const { stderr } = io();
  const tell = (attempt: number, fault: Fault, retryIn: number): void => {
    const next = `attempt ${attempt + 1} of ${retries + 1} in ${seconds(retryIn)}`;
    stderr.write(`note: ${visible(fault.message)}; ${next}\n`);
  };
  const events = (event: DialEvent): void => {
    if (event.type === "attempt-failed" && event.retryIn !== undefined) tell(event.attempt, event.fault, event.retryIn);
  };
  const dialler = new Dialler({ clock: systemClock, circuit: false, retries, ...timeLeft(options), events });
  return dialler.open(place, open);
}
