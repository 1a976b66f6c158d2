import cluster from "node:cluster";
import type { ListeningPort, Simulator, SimulatorOptions, WorkerOptions } from "@dlmskit/simulator";
import type { Control, WorkerControl } from "@dlmskit/simulator/control";
import type { Duplex } from "@dlmskit/transport";
import { tcpListen } from "@dlmskit/transport/node";
import type { SimulateOptions } from "../simulate/options.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { sharedClock } from "./shared-clock.ts";

/** This process as one of several workers. */
export interface Worker extends AsyncDisposable {
  readonly options: WorkerOptions;
  readonly seed: string | undefined;
  /** `host:port` where this worker takes over sessions. */
  readonly address: string;
  /** The simulated time with which the simulator begins. */
  start(options: Pick<Partial<SimulateOptions>, "start" | "speed">): Pick<SimulatorOptions, "start">;
  /**
   * The simulator takes over sessions from now on. With a control it first gets what the control of all workers has for it. Resolves when
   * this worker may listen.
   */
  serve(simulator: Simulator, control: Control | undefined): Promise<void>;
  /** Tells the first process that this worker listens. */
  listening(ports: readonly ListeningPort[]): void;
  /** Resolves when the first process has ended, or when this worker is asked to end. */
  readonly left: Promise<unknown>;
}

export const inWorker: boolean = cluster.isWorker;

const say = (message: FromWorker): void => void process.send?.(message);

/** Joins the other workers; undefined: this process is not a worker. Faults of the listener. */
export async function joinWorkers(): Promise<Worker | undefined> {
  if (!inWorker || cluster.worker === undefined) return undefined;
  // Without this, the end of the channel ends the process at once, with exit code 0.
  cluster.worker.exitedAfterDisconnect = true;
  const { promise: left, resolve: leave } = Promise.withResolvers<unknown>();
  // Ctrl-C reaches all processes, and the first one sends SIGTERM as well: the second signal must not end a worker that closes. A signal that
  // comes while the worker starts is not lost: it ends when it has started.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, leave);
  let addresses: readonly (string | null)[] = [];
  const { promise: started, resolve: start } = Promise.withResolvers<Extract<ToWorker, { tell: "start" }>>();
  let controlled: WorkerControl | undefined;
  const { promise: listen, resolve: mayListen } = Promise.withResolvers<void>();
  process.on("message", (message: ToWorker) => {
    if (message.tell === "start") start(message);
    else if (message.tell === "relays") addresses = message.addresses;
    else if (message.tell === "listen") mayListen();
    else void controlled?.call(message.call);
  });
  process.once("disconnect", leave);
  say({ tell: "ready" });
  const { index, of, seed, time } = await started;
  const now = (clock: () => number): number => time.now + (clock() - time.at) * time.rate;
  let clock: () => number = Date.now;
  let simulator: Simulator | undefined;
  const accept = (duplex: Duplex): void => {
    if (simulator === undefined) duplex.destroy();
    else simulator.server.acceptRelayed(duplex);
  };
  // Only the other workers connect: as many sessions as their clients have.
  const relay = await tcpListen({ port: 0, accept, maxConnections: 65_536, exclusive: true });
  const address = `${relay.host}:${relay.port}`;
  say({ tell: "relay", address });
  return {
    options: { index, of, addressOf: (at) => addresses[at] ?? undefined },
    ...{ seed, address, left },
    start(options) {
      clock = sharedClock(options);
      // Otherwise the simulated time is that of the machine.
      return clock === Date.now ? {} : { start: now(clock) };
    },
    async serve(served, control) {
      if (control === undefined) {
        // While the simulator was created, time has passed in the other workers.
        if (clock !== Date.now) served.time.set(now(clock));
      } else {
        const { WorkerControl } = await import("@dlmskit/simulator/control");
        controlled = new WorkerControl(control, { clock, tell: (told) => say({ tell: "told", told }) });
        say({ tell: "controlled" });
        await Promise.race([listen, left]);
      }
      simulator = served;
    },
    listening: (ports) => say({ tell: "listening", ports }),
    async [Symbol.asyncDispose]() {
      await relay.close();
      // The channel to the first process would keep this process alive.
      process.disconnect?.();
    },
  };
}
