import cluster from "node:cluster";
import type { ListeningPort, Simulator, WorkerOptions } from "@dlmskit/simulator";
import type { Duplex } from "@dlmskit/transport";
import { tcpListen } from "@dlmskit/transport/node";
import type { FromWorker, ToWorker } from "./messages.ts";

/** This process as one of several workers. */
export interface Worker extends AsyncDisposable {
  readonly options: WorkerOptions;
  readonly seed: string | undefined;
  /** `host:port` where this worker takes over sessions. */
  readonly address: string;
  /** The simulator that takes over sessions. */
  serve(simulator: Simulator): void;
  /** Tells the first process that this worker listens. */
  listening(ports: readonly ListeningPort[]): void;
  /** Resolves when the first process has ended. */
  readonly left: Promise<unknown>;
}

export const inWorker: boolean = cluster.isWorker;

const say = (message: FromWorker): void => void process.send?.(message);

/** Joins the other workers; undefined: this process is not a worker. Faults of the listener. */
export async function joinWorkers(): Promise<Worker | undefined> {
  if (!inWorker || cluster.worker === undefined) return undefined;
  // Without this, the end of the channel ends the process at once, with exit code 0.
  cluster.worker.exitedAfterDisconnect = true;
  // Ctrl-C reaches all processes, and the first one sends SIGTERM as well: the second signal must not end a worker that closes.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  let addresses: readonly (string | null)[] = [];
  const { promise: started, resolve: start } = Promise.withResolvers<Extract<ToWorker, { tell: "start" }>>();
  process.on("message", (message: ToWorker) => {
    if (message.tell === "start") start(message);
    else addresses = message.addresses;
  });
  const left = new Promise((resolve) => process.once("disconnect", resolve));
  say({ tell: "ready" });
  const { index, of, seed } = await started;
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
    serve(served) {
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
