import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { T } from "@dlmskit/apdu";
import { connect, type Session } from "@dlmskit/client";
import { serve, tcp } from "@dlmskit/server";
import type { Store } from "@dlmskit/storage";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { expect } from "vitest";
import type { Tally } from "./crash/crowd.ts";
import { counted, noteName, oneMeter } from "./crash/crowd-meter.ts";
import { Process } from "./crash/process.ts";

/** The octets of the heap that are in use, without what could be collected. */
function heap(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

export interface Campaign {
  readonly clients: number;
  readonly seconds: number;
}

/** The clients, in a process of their own: what they do takes no turn of the server's event loop. */
class Crowd implements AsyncDisposable {
  readonly #process: Process;
  readonly #ended: Promise<void>;
  tally: Tally | undefined;

  constructor(program: string, port: number, clients: number) {
    this.#process = new Process([program, String(port), String(clients)]);
    this.#ended = this.#listen();
    // Awaited when it is stopped.
    this.#ended.catch(() => undefined);
  }

  async #listen(): Promise<void> {
    for (let line = await this.#process.line(); line !== "end"; line = await this.#process.line()) {
      this.tally = JSON.parse(line) as Tally;
    }
  }

  /** Whether each kind of client has done something. */
  get ready(): boolean {
    const { reads = 0, writes = 0, transfers = 0, aborts = 0, halfOpen = 0, guesses = 0 } = this.tally ?? {};
    return Math.min(reads, writes, transfers, aborts, halfOpen, guesses) > 0;
  }

  /** Lets each come to the end of what it does. */
  async stop(): Promise<Tally> {
    this.#process.signal("SIGTERM");
    await this.#ended;
    return this.tally as Tally;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

/** Clients of all kinds on one meter at once: nothing fails that was not made to, memory stays, and each session has its row. */
export async function campaign(program: string, store: Store, { clients, seconds }: Campaign): Promise<void> {
  await using running = await serve(oneMeter(), {
    on: { wrapper: tcp(0, () => new WrapperServerLink({ incomplete: 500 })) },
    store,
    limits: { associationsPerMeter: 2 * clients, connections: 3 * clients, firstAssociation: 60_000 },
  });
  const port = running.addresses.wrapper?.port as number;
  await using crowd = new Crowd(program, port, clients);
  await expect.poll(() => crowd.ready, { timeout: 120_000 }).toBe(true);
  const early = crowd.tally as Tally;
  await sleep((seconds * 1000) / 3);
  const before = heap();
  await sleep((seconds * 2000) / 3);
  const after = heap();
  const { server } = running;
  const open = server.sessions.length;
  const { errors, written, ...done } = await crowd.stop();
  // Some stay, and only those are ACTIVE.
  const staying = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const link = new WrapperClientLink({ client: 16, server: 1 });
      return connect({ duplex: await tcpConnect("127.0.0.1", port), link }, { clock: systemClock, timeout: 60_000 });
    }),
  );
  await expect.poll(() => server.sessions.length, { timeout: 60_000 }).toBe(staying.length);
  const counts = async () => {
    const rows = await store.connections.list({ status: ["ACTIVE", "IDLE", "DISCONNECTED"] });
    const active = rows.filter(({ status }) => status !== "DISCONNECTED").map(({ clientId }) => clientId);
    return [rows.length, active];
  };
  const wanted = [server.counts.associated, staying.map(() => 16)];
  await expect.poll(counts, { timeout: 60_000, interval: 200 }).toEqual(wanted);
  const [session] = staying as [Session];
  for (const [at, value] of written) {
    const note = { classId: 1, instanceId: noteName(at), attributeId: 2 };
    expect(await session.read(note, T.doubleLongUnsigned)).toBe(value);
  }
  expect(await session.read({ ...counted, attributeId: 2 }, T.doubleLongUnsigned)).toBe(done.actions);
  const mebi = (octets: number): string => (octets / (1 << 20)).toFixed(1);
  console.log(
    `${store.kind}: ${clients} clients for ${seconds} s, ${open} associations at the end: ${JSON.stringify(done)}; ` +
      `heap ${mebi(before)} then ${mebi(after)} MiB; ${server.counts.associated} associations in all, guesses looked at ` +
      `${server.counts["refused:authentication-failed"] ?? 0}, not looked at ${server.counts["refused:locked-out"] ?? 0}`,
  );
  expect(errors).toEqual([]);
  expect(done.reads).toBeGreaterThan(early.reads);
  // The memory store keeps a row for each association that was, about half a KiB.
  expect(after).toBeLessThan(before * 1.2 + (8 << 20));
  for (const one of staying) await one.release();
}
