import { type Data, type DataLike, T, treeOf } from "@dlmskit/apdu";
import {
  clock,
  dataObject,
  disconnectControl,
  interfaceClass,
  object,
  profileGeneric,
  register,
} from "@dlmskit/cosem-objects";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { Meter, meter, meterTemplate, none, Server, SimulatedTime } from "../src/index.ts";
import { Bench } from "./a-client.ts";

const open = { open: { client: 16, security: none(), access: "full" as const } };
const from = Date.UTC(2026, 0, 1);
const quarter = 900_000;

type Rows = { readonly value: readonly { readonly value: readonly Data[] }[] };
const numberOf = (data: Data | undefined): number => (data as { value: number }).value;

/** A meter that captures its clock and its energy each quarter of an hour; a task adds one each minute. */
function capturing() {
  const time = clock();
  const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
  const load = profileGeneric("1.0.99.1.0.255", { capture: [time, energy], period: 900, entries: 96 * 400 });
  const made = meter({ name: "ABC1", objects: [time, energy, load], associations: open });
  made.every(60_000, () => {
    energy.values.value += 1;
  });
  const rows = () => {
    const data = treeOf(made.get({ classId: 7, instanceId: load.instance, attributeId: 2 }) as DataLike) as Rows;
    return data.value.map(({ value: [stamp, count] }) => {
      const octets = (stamp as { value: Uint8Array }).value;
      const view = new DataView(octets.buffer, octets.byteOffset);
      const at = Date.UTC(view.getUint16(0), (octets[2] as number) - 1, octets[3], octets[5], octets[6], octets[7]);
      return { at, energy: numberOf(count) };
    });
  };
  return { meter: made, energy, load, rows };
}

/** Every quarter of an hour from the first on, each with the energy of its own instant. */
const expected = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ at: from + (n + 1) * quarter, energy: (n + 1) * 15 }));

describe("time of day", () => {
  it("passes 3600 times as fast: every capture is there, in order, at its own instant", () => {
    const machine = new VirtualClock();
    const time = new SimulatedTime({ source: () => machine.now(), start: from, rate: 3600 });
    const one = capturing();
    new Server({ meters: one.meter, clock: machine, time });
    machine.advance(240_000);
    expect(one.rows()).toEqual(expected(10 * 96));
  });

  it("stands still at rate 0, and goes on", () => {
    const machine = new VirtualClock();
    const time = new SimulatedTime({ source: () => machine.now(), start: from, rate: 0 });
    const one = capturing();
    new Server({ meters: one.meter, clock: machine, time });
    machine.advance(86_400_000);
    expect([time.now, one.rows().length]).toEqual([from, 0]);
    time.setRate(1);
    machine.advance(4 * quarter);
    expect(one.rows()).toEqual(expected(4));
  });

  it("jumps a day, as the machine's clock may: what was due in between is there", () => {
    const machine = new VirtualClock();
    let more = 0;
    const time = new SimulatedTime({ source: () => from + machine.now() + more });
    const one = capturing();
    new Server({ meters: one.meter, clock: machine, time });
    machine.advance(3_600_000);
    more = 86_400_000;
    machine.advance(3_600_000);
    expect(one.rows()).toEqual(expected(26 * 4));
  });

  it("steps a year at once", async () => {
    const machine = new VirtualClock();
    const time = new SimulatedTime({ source: () => machine.now(), start: from, rate: 0 });
    const one = capturing();
    new Server({ meters: one.meter, clock: machine, time });
    const stepped = time.step(from + 365 * 86_400_000);
    machine.advance(1000);
    await stepped;
    const rows = one.rows();
    // A task that is far behind takes longer steps, so the energy may lag by less than one of them.
    expect(rows.map(({ at }) => at)).toEqual(expected(365 * 96).map(({ at }) => at));
    expect(rows.every(({ energy }, n) => energy > (rows[n - 1]?.energy ?? -1))).toBe(true);
    await expect(time.step(from)).rejects.toThrow("forward");
  });

  it("tells a task how much time has passed, however fast it does", () => {
    const machine = new VirtualClock();
    const time = new SimulatedTime({ source: () => machine.now(), start: from, rate: 3600 });
    const made = meter({ name: "ABC1", objects: [clock()], associations: open });
    const seen: { now: number; elapsed: number }[] = [];
    made.every(quarter, (now, elapsed) => void seen.push({ now, elapsed }));
    new Server({ meters: made, clock: machine, time });
    machine.advance(180_000);
    expect(seen).toEqual(
      Array.from({ length: 180 * 4 }, (_, n) => ({ now: from + (n + 1) * quarter, elapsed: quarter })),
    );
  });

  it("is that of a VirtualClock that the server is given", () => {
    const machine = new VirtualClock({ epoch: from });
    const one = capturing();
    new Server({ meters: one.meter, clock: machine });
    machine.advance(2 * quarter);
    expect(one.rows()).toEqual(expected(2));
  });

  it("is refused where it is none", () => {
    const source = () => 0;
    for (const rate of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new SimulatedTime({ source, rate })).toThrow("times its speed");
    }
    expect(() => new SimulatedTime({ source, start: Number.NaN })).toThrow("instant");
  });
});

describe("one agenda", () => {
  it("runs what several meters do in the order of instants", () => {
    const machine = new VirtualClock();
    const time = new SimulatedTime({ source: () => machine.now(), start: from, rate: 3600 });
    const order: string[] = [];
    const meters = ["A", "B", "C"].map((name, at) => {
      const made = meter({ name, objects: [clock()], associations: open });
      made.every((at + 1) * 60_000, (now) => void order.push(`${String(now - from).padStart(9, "0")} ${name}`));
      return made;
    });
    const server = new Server({ meters: () => undefined, clock: machine, time });
    for (const one of meters) server.run(one);
    machine.advance(1000);
    expect(order).toHaveLength(60 + 30 + 20);
    expect(order).toEqual(order.toSorted());
  });

  it("follows a class that declares what it does in time", () => {
    const Ticker = interfaceClass({
      classId: 9001,
      version: 0,
      name: "Ticker",
      attributes: {
        count: { id: 2, type: T.doubleLongUnsigned },
        period: { id: 3, type: T.longUnsigned, access: "rw" },
      },
      methods: {},
      time: {
        next: ({ period }, _, after) => (period > 0 ? after + period * 1000 : undefined),
        run: (values) => {
          values.count++;
        },
        missed: "each",
      },
    });
    const ticker = object(Ticker, "0.0.96.50.1.255", { count: 0, period: 60 });
    const made = meter({ name: "ABC1", objects: [ticker], associations: open });
    const machine = new VirtualClock({ epoch: from });
    new Server({ meters: made, clock: machine });
    machine.advance(600_000);
    expect(ticker.values.count).toBe(10);
    // A change of what it depends on is followed at once.
    void made.set({ classId: 9001, instanceId: ticker.instance, attributeId: 3 }, { type: "long-unsigned", value: 1 });
    machine.advance(10_000);
    expect(ticker.values.count).toBe(20);
    void made.set({ classId: 9001, instanceId: ticker.instance, attributeId: 3 }, { type: "long-unsigned", value: 0 });
    machine.advance(10_000);
    expect(ticker.values.count).toBe(20);
  });

  it.each([
    ["each", 10],
    ["last", 1],
    ["none", 0],
  ] as const)("catches up by the class's rule: %s", (missed, runs) => {
    const seen: number[] = [];
    const own = object(
      interfaceClass({ classId: 9001, version: 0, name: "Own", attributes: {}, methods: {} }),
      "0.0.96.50.1.255",
      {},
      {
        time: {
          next: (_, __, after) => (Math.floor(after / 60_000) + 1) * 60_000,
          run: (_, __, at) => void seen.push(at),
          missed,
        },
      },
    );
    const machine = new VirtualClock();
    const time = new SimulatedTime({ source: () => machine.now(), start: from });
    new Server({ meters: meter({ name: "ABC1", objects: [own], associations: open }), clock: machine, time });
    time.set(from + 600_000);
    machine.advance(1);
    expect(seen).toHaveLength(runs);
    machine.advance(60_000);
    expect(seen.at(-1)).toBe(from + 660_000);
    expect(seen).toHaveLength(runs + 1);
  });

  it("ends a timeline that does not move on, and goes on with the others", () => {
    const stuck = object(
      interfaceClass({ classId: 9001, version: 0, name: "Stuck", attributes: {}, methods: {} }),
      "0.0.96.50.1.255",
      {},
      { time: { next: (_, __, after) => after, run: () => undefined, missed: "each" } },
    );
    const made = meter({ name: "ABC1", objects: [stuck], associations: open });
    let ran = 0;
    made.every(1000, () => void ran++);
    const bench = new Bench(made);
    bench.clock.advance(3000);
    expect(ran).toBe(3);
    expect(bench.server.counts["hook-failed"]).toBeGreaterThan(0);
  });
});

describe("a hook that changes other objects", () => {
  const Poke = interfaceClass({
    classId: 9002,
    version: 0,
    name: "Poke",
    attributes: {},
    methods: { go: { id: 1, argument: T.integer } },
  });
  const control = disconnectControl();
  const poke = object(
    Poke,
    "0.0.96.50.1.255",
    {},
    {
      invoke: {
        go: (_, mode, { device }) => {
          device.set(control, "controlMode", mode);
          if (mode === 5) throw new Error("half-way");
        },
      },
    },
  );
  const template = meterTemplate({ objects: [control, poke], associations: open });

  it("changes its own meter and no other of the template", async () => {
    const [one, other] = ["ABC1", "ABC2"].map((name) => new Meter(template, { name })) as [Meter, Meter];
    await one.invoke(poke, 1, { type: "integer", value: 6 });
    expect([one, other].map((each) => each.values(control).controlMode)).toEqual([6, 4]);
    expect(() => {
      (one.values(control) as { controlMode: number }).controlMode = 1;
    }).toThrow(TypeError);
    expect(() => {
      control.values.controlMode = 1;
    }).toThrow(TypeError);
  });

  it("changes nothing when it fails half-way", async () => {
    const one = new Meter(template, { name: "ABC1" });
    const client = await new Bench(one).client({ client: 16 }).open();
    expect(await client.invoke(9002, poke.instance, 1, { type: "integer", value: 5 })).toBe("hardware-fault");
    expect(one.values(control).controlMode).toBe(4);
    expect(await client.invoke(9002, poke.instance, 1, { type: "integer", value: 6 })).toBe("success");
    expect(one.values(control).controlMode).toBe(6);
  });

  it("does not change values while it reads", async () => {
    const sly = dataObject(
      "0.0.96.1.1.255",
      { type: T.unsigned, value: 1 },
      {
        read: {
          value: (_, { device }) => {
            device.set(control, "controlMode", 1);
            return 1;
          },
        },
      },
    );
    const one = new Meter(meterTemplate({ objects: [control, sly], associations: open }), { name: "ABC1" });
    const client = await new Bench(one).client({ client: 16 }).open();
    expect(await client.get([1, sly.instance, 2])).toEqual([{ error: "hardware-fault" }]);
    expect(one.values(control).controlMode).toBe(4);
  });

  it("does not mix with what another request changes meanwhile", async () => {
    const counter = dataObject(
      "0.0.96.1.2.255",
      { type: T.doubleLongUnsigned, value: 0 },
      {
        write: {
          // Reads, waits, writes: two of them at once would lose one.
          value: async (values, add) => {
            const before = values.value;
            await new Promise((resolve) => setImmediate(resolve));
            values.value = before + add;
          },
        },
      },
    );
    const one = new Meter(meterTemplate({ objects: [counter], associations: open }), { name: "ABC1" });
    const bench = new Bench(one);
    const clients = await Promise.all([1, 2, 3, 4].map(() => bench.client({ client: 16 }).open()));
    const value = { type: "double-long-unsigned", value: 1 } as const;
    const results = await Promise.all(clients.map((client) => client.set(1, counter.instance, 2, value)));
    expect(results).toEqual(["success", "success", "success", "success"]);
    expect(one.values(counter).value).toBe(4);
  });
});
