import { setTimeout as sleep } from "node:timers/promises";
import { connect, DurableCounters, type Session } from "@dlmskit/client";
import { Fault, fromAscii } from "@dlmskit/core";
import { CounterGuard } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { type ServerEvent, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPostgres } from "../../packages/storage-pg/src/postgres.ts";
import { type Server, startServer } from "../../packages/storage-pg/test/harness.ts";
import { isLong, patience, times } from "../campaign.ts";
import { ExecutionOracle } from "./execution-oracle.ts";
import { SharedDatabase } from "./shared-database.ts";
import { counted, indexOf, noted, secretsOf, sharedMeters, wPortOf } from "./shared-meters.ts";

// The database is killed while meters are read and written: no acknowledged write is lost, none is made twice.

const kills = Math.max(3, times(1));
const lanes = 16;
const away = 1500;
const recovery = 5000;

let server: Server;
beforeAll(async () => {
  if (isLong) server = await startServer();
}, 120_000);
afterAll(() => server?.stop());

/** A client with one meter of its own, which writes, acts and reads one after the other and opens its association again where it must. */
class Lane {
  readonly #index: number;
  readonly #oracle: ExecutionOracle;
  readonly #security = {
    counters: new DurableCounters({ start: 1, reserve: () => undefined }),
    replay: new CounterGuard(),
  };
  readonly faults = new Map<string, number>();
  acknowledgedAt = 0;
  reads = 0;
  #over = false;

  constructor(index: number, oracle: ExecutionOracle) {
    this.#index = index;
    this.#oracle = oracle;
  }

  async run(port: number): Promise<void> {
    while (!this.#over) {
      try {
        const session = await this.#open(port);
        try {
          while (!this.#over) await this.#requests(session);
        } finally {
          await session.release().catch(() => undefined);
        }
      } catch (caught) {
        if (!(caught instanceof Fault)) throw caught;
        this.faults.set(caught.code, (this.faults.get(caught.code) ?? 0) + 1);
        await sleep(20);
      }
    }
  }

  async #open(port: number): Promise<Session> {
    const { secret: _, ...keys } = secretsOf(this.#index, 48);
    return connect(
      {
        duplex: await tcpConnect("127.0.0.1", port),
        link: new WrapperClientLink({ client: 48, server: wPortOf(this.#index) }),
      },
      {
        ...{ clock: systemClock, provider: node, ciphered: true, mechanism: 5, retries: 0, timeout: 30_000 },
        security: { suite: 0, keys, systemTitle: fromAscii("HES00001"), ...this.#security },
      },
    );
  }

  async #requests(session: Session): Promise<void> {
    const number = this.#oracle.next();
    const value = { type: "double-long-unsigned" as const, value: number };
    await (number % 2 === 0 ? session.set(noted, value) : session.invoke({ ...counted, methodId: 1 }, value));
    this.#oracle.acknowledged(number);
    this.acknowledgedAt = performance.now();
    await session.get(noted);
    this.reads++;
  }

  stop(): void {
    this.#over = true;
  }
}

it.skipIf(!isLong)(
  `PostgreSQL killed ${kills} times under load: nothing acknowledged is lost, nothing is done twice, and it goes on by itself`,
  { timeout: patience },
  async () => {
    const url = await server.database();
    const store = await openPostgres(url, { connections: 8 });
    const events: ServerEvent[] = [];
    const meterOf = sharedMeters();
    const running = await serve(
      ({ server: sap }) => {
        const index = indexOf(sap);
        return index === undefined ? undefined : { meter: meterOf(index), device: 1 };
      },
      {
        on: { wrapper: tcp(0, () => new WrapperServerLink()) },
        ...{ store, provider: node, events: (event) => void events.push(event) },
      },
    );
    const oracle = new ExecutionOracle();
    const all = Array.from({ length: lanes }, (_, index) => new Lane(index, oracle));
    const traffic = all.map((lane) => lane.run(running.addresses.wrapper?.port as number));
    const since = (began: number): number => all.filter(({ acknowledgedAt }) => acknowledgedAt > began).length;
    const figures: string[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const began = performance.now();
      const before = oracle.counts.acknowledged;
      await expect.poll(() => since(began), { timeout: 60_000, interval: 10 }).toBe(lanes);
      await expect
        .poll(() => oracle.counts.acknowledged - before, { timeout: 60_000, interval: 10 })
        .toBeGreaterThan(100);
      await sleep(Math.random() * 30);
      const acknowledged = oracle.counts.acknowledged;
      const killed = performance.now();
      await server.kill();
      await sleep(away);
      await server.restart();
      const ready = performance.now();
      await expect.poll(() => since(ready), { timeout: 60_000, interval: 5 }).toBeGreaterThan(0);
      const first = performance.now() - ready;
      await expect.poll(() => since(ready), { timeout: 60_000, interval: 5 }).toBe(lanes);
      const last = performance.now() - ready;
      figures.push(
        `kill ${kill + 1}: ${acknowledged} acknowledged before, away for ${Math.round(ready - killed)} ms, ` +
          `first write ${Math.round(first)} ms and every meter ${Math.round(last)} ms after the server was ready`,
      );
      expect(last).toBeLessThan(recovery);
    }
    for (const lane of all) lane.stop();
    await Promise.all(traffic);
    await running.close();
    await store.close();
    await using database = await SharedDatabase.open(url);
    const { numbers, wrong } = await database.executed();
    const faults = new Map<string, number>();
    for (const lane of all) for (const [code, count] of lane.faults) faults.set(code, (faults.get(code) ?? 0) + count);
    const recovered = events.filter(({ type }) => type === "store-recovered").length;
    console.log(
      [
        ...figures,
        `${JSON.stringify(oracle.counts)}, ${numbers.length} executed, ${all.reduce((sum, { reads }) => sum + reads, 0)} reads`,
        `requests that failed: ${JSON.stringify(Object.fromEntries(faults))}; store-recovered ${recovered} times`,
      ].join("\n"),
    );
    oracle.check(numbers);
    expect(wrong).toEqual([]);
    expect(recovered).toBeGreaterThanOrEqual(kills);
    expect(events.filter(({ type }) => type === "hook-failed")).toEqual([]);
  },
);
