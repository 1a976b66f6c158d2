import { type DataLike, dataOf, T, treeOf } from "@dlmskit/apdu";
import { clock, dataObject, interfaceClass, object, profileGeneric } from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { failing, failureTimes } from "@dlmskit/storage/testing";
import { VirtualClock } from "@dlmskit/transport";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patience, times } from "../../../test/campaign.ts";
import { Meter, meterTemplate, none, Server, SimulatedTime } from "../src/index.ts";

const from = Date.UTC(2026, 0, 1);
const minute = 60_000;
const syncLimit = 9000;
const day = 86_400_000;
const open = { open: { client: 16, security: none(), access: "full" as const } };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Shows the instant at which it is read. */
const showing = (instance: string) =>
  dataObject(
    instance,
    { type: T.doubleLongUnsigned, value: 0 },
    { read: { value: (_, { now }) => (now - from + 10 * day) / 1000 } },
  );
const columns = [showing("0.0.96.1.1.255"), showing("0.0.96.1.2.255")];
const load = profileGeneric("1.0.99.1.0.255", { capture: columns, period: 15 * 60, entries: 100_000 });
const template = meterTemplate({ objects: [clock(), ...columns, load], associations: open });

/** The instants of the captured rows; every column was read at the instant of its row. */
function instants(rows: readonly Uint8Array[]): number[] {
  return rows.map((octets) => {
    const row = treeOf({ type: "encoded", octets } as DataLike) as { value: readonly { value: number }[] };
    const [first, second] = row.value.map(({ value }) => value * 1000 + from - 10 * day);
    expect(second).toBe(first);
    return first as number;
  });
}

type Step =
  | { readonly do: "advance"; readonly ms: number }
  /** To the end of a quarter of an hour on the meter's clock, and so much more. */
  | { readonly do: "quarter"; readonly more: number }
  | { readonly do: "rate"; readonly rate: number }
  | { readonly do: "set"; readonly by: number }
  | { readonly do: "clock"; readonly by: number }
  | { readonly do: "period"; readonly minutes: number }
  | { readonly do: "restart"; readonly away: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 90 * minute }) }),
  },
  fc.record({ do: fc.constant("quarter" as const), more: fc.integer({ min: 0, max: 10_000 }) }),
  fc.record({ do: fc.constant("rate" as const), rate: fc.constantFrom(0, 0.5, 1, 7) }),
  fc.record({ do: fc.constant("set" as const), by: fc.integer({ min: -3 * 60 * minute, max: 5 * 60 * minute }) }),
  fc.record({ do: fc.constant("clock" as const), by: fc.integer({ min: -3 * 60 * minute, max: 5 * 60 * minute }) }),
  fc.record({ do: fc.constant("clock" as const), by: fc.integer({ min: -10_000, max: 10_000 }) }),
  fc.record({ do: fc.constant("period" as const), minutes: fc.constantFrom(0, 5, 15, 60) }),
);
const restart = fc.record({
  do: fc.constant("restart" as const),
  away: fc.oneof(
    fc.integer({ min: -60 * minute, max: 180 * minute }),
    fc.integer({ min: -2 * syncLimit, max: 2 * syncLimit }),
  ),
});

/** Steps that once gave another row than the model. */
const stepsFound: Step[][] = [
  // A quarter of an hour is captured, 1 ms passes, and a restart goes 1 ms more than `syncLimit` back: from the capture, which is
  // the last instant processed, it is a synchronisation.
  [
    { do: "restart", away: 4_721_204 },
    { do: "set", by: 14_830_736 },
    { do: "advance", ms: 2_048_061 },
    { do: "restart", away: -9001 },
    { do: "advance", ms: 9000 },
  ],
  // Synchronised twice across a capture: how far it ran must not fall by the second.
  [
    { do: "quarter", more: 1000 },
    { do: "clock", by: -4000 },
    { do: "clock", by: -3000 },
    { do: "restart", away: 0 },
    { do: "advance", ms: 10_000 },
  ],
];

/** What a profile must have captured: the multiples of its period that the meter's clock has passed. */
class Model {
  #rows: { readonly at: number; readonly place: number }[] = [];
  /** Rows come behind this instant, since the clock was set back. */
  #behind = 0;
  time = from;
  rate = 1;
  offset = 0;
  period = 15;
  /** How far it has captured, on the meter's clock. */
  done = from;
  /** The last instant that it processed, which is what survives a restart (1.5): what the clock showed at the stop does not. */
  kept = from;

  get now(): number {
    return this.time + this.offset;
  }

  /** In the order of capturing. */
  get rows(): number[] {
    return this.#rows.toSorted((one, other) => one.place - other.place).map(({ at }) => at);
  }

  setTime(by: number): void {
    this.time += by;
    if (by < 0) this.goBack();
  }

  goBack(): void {
    this.done = this.now;
    this.kept = Math.ceil(this.now);
  }

  /** The time of day may have changed meanwhile: by how much is known only from the last instant processed (1.3). */
  restart(away: number): void {
    this.time += away;
    if (this.kept - Math.ceil(this.now) > syncLimit) this.goBack();
    else this.done = this.kept;
  }

  setPeriod(minutes: number): void {
    if (minutes !== this.period) this.kept = Math.max(this.kept, Math.ceil(this.now));
    this.period = minutes;
    // What describes the buffer is written: it is empty.
    this.#rows = [];
    this.#behind = 0;
  }

  setClock(by: number): void {
    if (by < -syncLimit) this.#behind = Math.max(this.#behind, Math.ceil(this.now));
    const before = this.now;
    this.offset += by;
    // A synchronisation loses nothing and repeats nothing.
    if (Math.abs(by) > syncLimit) this.goBack();
    else {
      this.kept = Math.max(this.kept, Math.ceil(before));
      this.catchUp();
    }
  }

  catchUp(): void {
    const period = this.period * minute;
    if (period > 0) {
      for (let at = (Math.floor(this.done / period) + 1) * period; at <= this.now; at += period) {
        this.#rows.push({ at, place: Math.max(at, this.#behind) });
        this.kept = Math.max(this.kept, at);
      }
    }
    this.done = Math.max(this.done, this.now);
  }

  advance(ms: number): void {
    this.time += ms * this.rate;
    this.catchUp();
  }
}

/** A meter on a machine whose clock stands still while nobody advances it. */
class Machine {
  readonly clock = new VirtualClock();
  readonly state: MemoryState | undefined;
  time: SimulatedTime;
  meter = new Meter(template, { name: "ABC1" });
  server: Server | undefined;

  constructor(kept: boolean) {
    this.state = kept ? new MemoryState() : undefined;
    this.time = new SimulatedTime({ source: () => this.clock.now(), start: from });
  }

  async start(): Promise<void> {
    const store = this.state === undefined ? {} : { store: await openMemoryStore({}, this.state) };
    this.server = new Server({ meters: this.meter, clock: this.clock, time: this.time, ...store });
    // What is due needs turns of the clock, which is the only one to wait for.
    let loading = true;
    void this.meter.settled().then(() => {
      loading = false;
    });
    while (loading) await this.settle();
  }

  async restart(away: number): Promise<void> {
    const { now, rate } = this.time;
    this.server?.close();
    await this.server?.settled();
    this.state?.endProcesses();
    this.meter = new Meter(template, { name: "ABC1" });
    this.time = new SimulatedTime({ source: () => this.clock.now(), start: now + away, rate });
    await this.start();
  }

  async settle(): Promise<void> {
    for (let at = 0; at < 3; at++) {
      await this.clock.advanceAsync(0);
      await turn();
    }
  }

  async rows(): Promise<number[]> {
    const [, ...rest] = [undefined, await this.meter.get({ classId: 7, instanceId: load.instance, attributeId: 2 })];
    const { value } = treeOf(rest[0] as DataLike) as { value: readonly { value: readonly { value: number }[] }[] };
    return value.map((row) => {
      const [first, second] = row.value.map((element) => element.value * 1000 + from - 10 * day);
      expect(second).toBe(first);
      return first as number;
    });
  }
}

async function run(machine: Machine, steps: readonly Step[]): Promise<Model> {
  const model = new Model();
  await machine.start();
  for (const one of steps) {
    switch (one.do) {
      case "advance":
        await machine.clock.advanceAsync(one.ms);
        model.advance(one.ms);
        break;
      case "quarter": {
        const ms = model.rate === 0 ? one.more : (15 * minute - (model.now % (15 * minute)) + one.more) / model.rate;
        await machine.clock.advanceAsync(ms);
        model.advance(ms);
        break;
      }
      case "rate":
        machine.time.setRate(one.rate);
        model.rate = one.rate;
        break;
      case "set":
        machine.time.set(model.time + one.by);
        model.setTime(one.by);
        break;
      case "clock":
        await machine.meter.setClock(model.now + one.by);
        model.setClock(one.by);
        break;
      case "period": {
        const value = treeOf(dataOf(T.doubleLongUnsigned, one.minutes * 60));
        await machine.meter.set({ classId: 7, instanceId: load.instance, attributeId: 4 }, value);
        model.setPeriod(one.minutes);
        break;
      }
      case "restart":
        await machine.restart(one.away);
        model.restart(one.away);
        break;
    }
    await machine.settle();
    model.catchUp();
    const now = machine.meter.now;
    expect(Math.abs(now - model.now)).toBeLessThan(1);
  }
  return model;
}

describe("a profile that captures each period", () => {
  it("has each instant once and in order, whatever is done with time", { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const machine = new Machine(false);
        const model = await run(machine, steps);
        expect(await machine.rows()).toEqual(model.rows);
        machine.server?.close();
      }),
      { numRuns: times(60) },
    );
  });

  it("has each instant once and in order, over restarts too", { timeout: patience }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 3, arbitrary: step }, restart), { maxLength: 12 }),
        async (steps) => {
          const machine = new Machine(true);
          const model = await run(machine, steps);
          expect(await machine.rows()).toEqual(model.rows);
          machine.server?.close();
        },
      ),
      { numRuns: times(60), examples: stepsFound.map((steps) => [steps]) },
    );
  });

  it("misses none and has none twice while the store fails", { timeout: patience }, async () => {
    const failure = fc.record({
      call: fc.nat(12),
      when: fc.constantFrom(...failureTimes),
      times: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(failure, { maxLength: 4 }), async (plan) => {
        const machine = new VirtualClock({ epoch: from });
        const state = new MemoryState();
        const store = await openMemoryStore({}, state);
        const broken = failing(store, plan);
        const meter = new Meter(template, {
          name: "ABC1",
          origin: { seed: "", template: "t", commissionedAt: from, ranFrom: from },
        });
        const server = new Server({ meters: meter, clock: machine, store: broken.store });
        for (let at = 0; at < 24; at++) {
          await machine.advanceAsync(5 * minute);
          await turn();
        }
        broken.mend();
        for (let at = 0; at < 10; at++) {
          await machine.advanceAsync(1000);
          await turn();
        }
        const of = { meterId: "ABC1", logicalDevice: 1, instanceId: load.instance };
        const expected = Array.from({ length: 8 }, (_, at) => from + (at + 1) * 15 * minute);
        expect(instants(await store.keeping.range(of, undefined, undefined))).toEqual(expected);
        server.close();
        await server.settled();
      }),
      { numRuns: times(60) },
    );
  });
});

describe("what is captured", () => {
  it.each([false, true])(
    "5.2 is trimmed to the latest rows, in the order of capturing; with a store: %s",
    async (kept) => {
      const small = profileGeneric("1.0.99.1.0.255", { capture: columns, period: 15 * 60, entries: 3 });
      const kind = meterTemplate({ objects: [...columns, small], associations: open });
      const machine = new VirtualClock({ epoch: from });
      const meter = new Meter(kind, { name: "ABC1" });
      const store = kept ? { store: await openMemoryStore() } : {};
      new Server({ meters: meter, clock: machine, ...store });
      const rows = async (): Promise<number[]> => {
        const data = await meter.get({ classId: 7, instanceId: small.instance, attributeId: 2 });
        const { value } = treeOf(data) as { value: readonly { value: readonly { value: number }[] }[] };
        return value.map((row) => ((row.value[0]?.value as number) * 1000 - 10 * day) / minute);
      };
      for (let at = 0; at < 5; at++) {
        await machine.advanceAsync(15 * minute);
        await turn();
      }
      expect(await rows()).toEqual([45, 60, 75]);
      // The clock goes back: rows stand in the order of capturing, and what was captured first goes first.
      await meter.setClock(from + 40 * minute);
      await machine.advanceAsync(6 * minute);
      await turn();
      expect(await rows()).toEqual([60, 75, 45]);
      await meter.setClock(from + 50 * minute);
      await machine.advanceAsync(12 * minute);
      await turn();
      expect(await rows()).toEqual([75, 45, 60]);
    },
  );

  it("is kept together with what else was due at that instant", async () => {
    const order: string[] = [];
    const Ticker = interfaceClass({
      ...{ classId: 9001, version: 0, name: "Ticker" },
      attributes: { count: { id: 2, type: T.doubleLongUnsigned } },
      methods: {},
      time: {
        next: (_, __, after) => (Math.floor(after / minute) + 1) * minute,
        run: async (values, { object: { instance } }) => {
          order.push(instance);
          values.count++;
        },
        missed: "each",
      },
    });
    const tickers = ["0.0.96.50.1.255", "0.0.96.50.2.255", "0.0.96.50.3.255"].map((name) =>
      object(Ticker, name, { count: 0 }),
    );
    const kind = meterTemplate({ objects: tickers, associations: open });
    const machine = new VirtualClock({ epoch: from });
    const store = await openMemoryStore();
    const commits: number[] = [];
    const counting = {
      ...store,
      keeping: {
        ...store.keeping,
        commit: (commit: Parameters<typeof store.keeping.commit>[0]) => {
          commits.push(commit.values?.length ?? 0);
          return store.keeping.commit(commit);
        },
      },
    };
    new Server({ meters: new Meter(kind, { name: "ABC1" }), clock: machine, store: counting });
    for (let at = 0; at < 2; at++) {
      await machine.advanceAsync(minute);
      await turn();
    }
    expect(order.slice(0, 3)).toEqual(tickers.map(({ instance }) => instance));
    expect(commits.filter((count) => count > 0)).toEqual([3, 3]);
  });
});
