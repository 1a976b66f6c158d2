import cluster, { type Worker as Child } from "node:cluster";
import type { Fault } from "@dlmskit/core";
import type { ListeningPort } from "@dlmskit/simulator";
import type { SharedTime, WorkerCall, WorkersControl } from "@dlmskit/simulator/control";
import type { FromWorker, ToWorker } from "./messages.ts";

export interface WorkersOptions {
  readonly of: number;
  /** From which the meters of all workers are derived; undefined: from what the store has. */
  readonly seed: string | undefined;
  /** The simulated time with which a worker begins. */
  time(): SharedTime;
  /** The one control of all workers. */
  readonly control?: WorkersControl;
  /** Called at the begin, with the function that sends a call of the control to a worker. */
  connect?(post: (worker: number, call: WorkerCall) => void): void;
  /** A worker that took another one's place could not be given everything. */
  missed?(index: number, fault: Fault): void;
  /** Called once when all workers listen. */
  listening(ports: readonly ListeningPort[]): void;
  /** A worker ended by itself; another one takes its place. */
  replaced(index: number, how: string): void;
}

// ms until a worker that ended is replaced.
const replaceAfter = 500;

/**
 * Runs a command in several processes that share its ports, until `stop` resolves. The workers are started with the arguments of this
 * process. Resolves with an exit code: 0, or that of a worker that ended before all were listening.
 */
export async function runWorkers(options: WorkersOptions, stop: Promise<unknown>): Promise<number> {
  const { of, seed, control } = options;
  const children: (Child | undefined)[] = [];
  const addresses: (string | null)[] = Array.from({ length: of }, () => null);
  const ports: (readonly ListeningPort[] | undefined)[] = [];
  const { promise: failed, resolve: fail } = Promise.withResolvers<number>();
  const state = { serving: false, stopping: false };

  const send = (child: Child | undefined, message: ToWorker): void => {
    // A worker that is about to end hears nothing more.
    if (child?.isConnected() === true) child.send(message, () => undefined);
  };
  const tellAll = (): void => {
    for (const child of children) send(child, { tell: "relays", addresses });
  };
  options.connect?.((worker, call) => send(children[worker], { tell: "call", call }));
  const heard = (index: number, message: FromWorker): void => {
    if (message.tell === "ready") {
      const time = options.time();
      send(children[index], { tell: "start", index, of, time, ...(seed === undefined ? {} : { seed }) });
      return;
    }
    if (message.tell === "told") {
      control?.heard(index, message.told);
      return;
    }
    if (message.tell === "controlled") {
      if (state.stopping) return;
      const child = children[index];
      const given =
        control?.started(index, (fault) => state.stopping || options.missed?.(index, fault)) ?? Promise.resolve();
      void given.then(() => send(child, { tell: "listen" }));
      return;
    }
    if (message.tell === "relay") {
      addresses[index] = message.address;
      tellAll();
      return;
    }
    ports[index] = message.ports;
    if (state.serving || ports.filter(Boolean).length < of) return;
    state.serving = true;
    options.listening(message.ports);
  };
  const begin = (index: number): void => {
    const child = cluster.fork();
    children[index] = child;
    child.on("message", (message: FromWorker) => heard(index, message));
    child.on("error", () => undefined);
    child.on("exit", (code, signal) => {
      children[index] = undefined;
      addresses[index] = null;
      if (state.stopping) return;
      control?.ended(index);
      if (!state.serving) {
        fail(code || 1);
        return;
      }
      tellAll();
      options.replaced(index, signal ?? `exit code ${code}`);
      setTimeout(() => !state.stopping && begin(index), replaceAfter);
    });
  };
  for (let index = 0; index < of; index++) begin(index);
  const code = await Promise.race([stop.then(() => 0), failed]);
  state.stopping = true;
  // A worker that ends slowly must not hold up those who wait for its answer.
  control?.stop();
  const ended = children.map((child) => child && new Promise((resolve) => child.once("exit", resolve)));
  for (const child of children) child?.process.kill("SIGTERM");
  await Promise.all(ended);
  return code;
}
