import { fromAscii } from "@dlmskit/core";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { associate, day, hour, now0, stepTo } from "./bottle.ts";
import { controlled, faultCode } from "./controlled.ts";

const energy = "1.0.1.8.0.255";
const message = "0.0.96.13.0.255";
const demandPeriod = "1.0.0.8.0.255";
const loadSwitch = "0.0.96.3.10.255";
const text = (value: string) => ({ type: "visible-string", value });

describe("the control of a simulator", () => {
  it("lists meters of a fleet of 1,000,000, and keeps nothing for them", async () => {
    const { control, store } = await controlled({ meters: 1_000_000 });
    const page = control.meters({ from: 999_998, count: 100 });
    expect(page.map(({ index }) => index)).toEqual([999_998, 999_999]);
    const [, last] = page;
    expect(last).toMatchObject({ feeder: "feeder-1389", transformer: "transformer-16667", sessions: 0 });
    for (const name of [last?.serial, last?.meterId]) expect((await control.meter(name as string)).index).toBe(999_999);
    expect(control.meters({ from: 1_000_000, count: 1 })).toEqual([]);
    expect(control.feeders({ from: 1388, count: 10 })).toEqual([{ name: "feeder-1389", first: 999_360, meters: 640 }]);
    // The first meter has a row from the start on, the other one was read.
    expect(await store.meters.count()).toBe(2);
    expect(await faultCode(() => control.meter("nobody"))).toBe("unknown-meter");
  });

  it("restores the power of meters, so that clients reach them at once", async () => {
    const bottle = await controlled({ meters: 3 });
    const { control, simulator, clock } = bottle;
    const { serial } = control.meters({ from: 0, count: 1 })[0] as { serial: string };
    await control.power(serial, true);
    const taken = await control.snapshot();
    await control.feederPower("feeder-1", false);
    expect(simulator.meter(1).powered).toBe(false);
    await control.restore(taken.id);
    for (const meter of [0, 1, 2]) {
      const session = await associate(simulator, clock, 16, { meter });
      await session.release();
    }
  });

  it("knows the network of the simulator", async () => {
    const { control } = await controlled({
      meters: 10,
      network: { metersPerTransformer: 2, transformersPerFeeder: 2 },
    });
    expect(control.feeders({ from: 0, count: 10 }).map(({ first, meters }) => [first, meters])).toEqual([
      [0, 4],
      [4, 4],
      [8, 2],
    ]);
    expect(control.meters({ from: 9, count: 1 })[0]).toMatchObject({
      feeder: "feeder-3",
      transformer: "transformer-5",
    });
  });

  it("reads values with names, scaled and with units", async () => {
    const { control } = await controlled();
    const { serial } = control.meters({ from: 0, count: 1 })[0] as { serial: string };
    const objects = await control.objects(serial, { from: 0, count: 1000 });
    const register = objects.find(({ instanceId }) => instanceId === energy);
    expect(register).toMatchObject({ classId: 3, className: "Register", name: expect.stringMatching(/energy/i) });
    const { value } = await control.read(serial, energy, 2).then((read) => {
      expect(read).toEqual(register?.value);
      expect(read.unit).toBe("Wh");
      return read as unknown as { value: { type: string; value: number } };
    });
    expect(value).toEqual({ type: "double-long-unsigned", value: expect.any(Number) });
    expect(value.value).toBeGreaterThan(0);
    expect(await control.objects(serial, { from: 5, count: 2 })).toEqual(objects.slice(5, 7));
    expect(await faultCode(() => control.read(serial, "1.0.77.77.77.255", 2))).toBe("no-object");
    expect(await faultCode(() => control.read(serial, energy, 9))).toBe("no-object");
    expect(await faultCode(() => control.read(serial, "nonsense", 2))).toBe("bad-logical-name");
  });

  it("writes through the hooks of the object, or not at all", async () => {
    const { control } = await controlled();
    const [{ serial } = { serial: "" }] = control.meters({ from: 0, count: 1 });
    expect(await control.write(serial, message, 2, text("hello"))).toMatchObject({ value: text("hello") });
    expect((await control.meter(serial)).changedObjects).toBe(1);
    const refused: readonly [string, unknown, string][] = [
      [message, { type: "unsigned", value: 1 }, "type-unmatched"],
      [message, text("x".repeat(161)), "other-reason"],
      [demandPeriod, { type: "long-unsigned", value: 1 }, "other-reason"],
      [demandPeriod, { type: "long-unsigned", value: 900.5 }, "bad-request"],
      [demandPeriod, { type: "long-unsigned", value: 1e9 }, "bad-request"],
      [demandPeriod, { type: "no-such-type", value: 1 }, "bad-request"],
      [demandPeriod, "900", "bad-request"],
      [demandPeriod, null, "bad-request"],
      [demandPeriod, undefined, "bad-request"],
      [energy, { type: "double-long-unsigned", value: 1 }, "computed-value"],
    ];
    for (const [instanceId, value, code] of refused) {
      expect([instanceId, value, await faultCode(() => control.write(serial, instanceId, 2, value))]).toEqual([
        ...[instanceId, value, code],
      ]);
    }
    expect(await control.read(serial, message, 2)).toMatchObject({ value: text("hello") });
    expect(await control.read(serial, demandPeriod, 2)).toMatchObject({ value: { value: 1800 } });
    expect((await control.meter(serial)).changedObjects).toBe(1);
  });

  it("opens and closes the load switch, which its log and its registers show", async () => {
    const bottle = await controlled();
    const { control } = bottle;
    const [{ serial } = { serial: "" }] = control.meters({ from: 0, count: 1 });
    await control.connect(serial, false);
    expect((await control.meter(serial)).connected).toBe(false);
    const before = await control.read(serial, energy, 2);
    await stepTo(bottle, now0 + 5 * hour);
    expect(await control.read(serial, energy, 2)).toEqual(before);
    await control.connect(serial, true);
    expect((await control.meter(serial)).connected).toBe(true);
    expect(await control.read(serial, "0.0.96.11.6.255", 2)).toMatchObject({ value: { value: 302 } });
    expect(await control.read(serial, "0.0.96.15.6.255", 2)).toMatchObject({ value: { value: 2 } });
    expect(await faultCode(() => control.invoke(serial, { instanceId: loadSwitch, methodId: 9 }))).toBe("no-object");
    await control.invoke(serial, { instanceId: loadSwitch, methodId: 1, argument: { type: "integer", value: 0 } });
    expect((await control.meter(serial)).connected).toBe(false);
  });

  it("cuts and restores the power of a meter, of a transformer and of a feeder", async () => {
    const { control, simulator } = await controlled({ meters: 800 });
    const serialOf = (index: number) => simulator.fleet.serial(index);
    const powered = async (index: number) => (await control.meter(serialOf(index))).powered;
    await control.power(serialOf(5), false);
    expect(await powered(5)).toBe(false);
    expect(simulator.server.knows({ client: 16, server: 6 })).toBe(false);
    await control.power(serialOf(5), true);
    expect(await powered(5)).toBe(true);
    expect(await control.feederPower("transformer-2", false)).toEqual({ meters: 60, failed: 0, failures: [] });
    expect(await Promise.all([59, 60, 119, 120].map(powered))).toEqual([true, false, false, true]);
    expect(await control.feederPower("feeder-2", false)).toMatchObject({ meters: 80 });
    expect(await Promise.all([719, 720, 799].map(powered))).toEqual([true, false, false]);
    expect(await control.feederPower("feeder-2", true)).toMatchObject({ meters: 80 });
    expect(await powered(799)).toBe(true);
    for (const name of ["feeder-3", "feeder-0", "feeder-01", "transformer-15", "x", "feeder-1e3"]) {
      expect([name, await faultCode(async () => control.feederPower(name, false))]).toEqual([name, "unknown-feeder"]);
    }
  });

  it("serves connections and timers while the power of many meters is switched", async () => {
    const { control } = await controlled({ meters: 720 });
    let switching = true;
    let turns = 0;
    const turn = (): void => {
      turns++;
      if (switching) setImmediate(turn);
    };
    setImmediate(turn);
    for (const on of [false, true]) {
      turns = 0;
      await control.feederPower("feeder-1", on);
      // At least one after each 64 meters.
      expect(turns).toBeGreaterThanOrEqual(10);
    }
    switching = false;
  });

  it("fires events, pushes, and shows what clients do", async () => {
    const { control, simulator, clock } = await controlled({ meters: 2 });
    const [{ serial, meterId } = { serial: "", meterId: "" }] = control.meters({ from: 0, count: 1 });
    await control.fire(serial, { log: "0.0.99.98.4.255", code: 201 });
    expect(await control.read(serial, "0.0.96.11.4.255", 2)).toMatchObject({ value: { value: 201 } });
    expect(await faultCode(() => control.fire(serial, { log: "0.0.99.98.0.255", code: 7 }))).toBe("no-object");
    expect(await faultCode(() => control.fire(serial, { log: energy, code: 7 }))).toBe("no-object");
    expect(await control.push(serial)).toMatch(/^0\.\d+\.25\.9\.0\.255$/);
    expect(await faultCode(() => control.push(serial, energy))).toBe("no-object");

    expect(control.apdus(serial)).toEqual([]);
    const session = await associate(simulator, clock, 32);
    await session.get({ classId: 3, instanceId: energy, attributeId: 2 });
    expect(control.meters({ from: 0, count: 2 }).map(({ sessions }) => sessions)).toEqual([1, 0]);
    const [row] = await control.sessions({ serial });
    expect(row).toMatchObject({ serial, meterId, clientId: 32, status: "ACTIVE" });
    expect(await control.fleet()).toMatchObject({ meters: 2, connections: 1, sessions: 1, reads: 1, associations: 1 });

    const apdus = control.apdus(serial);
    expect(apdus.map(({ way, fields }) => `${way} ${fields[0]?.text}`)).toEqual([
      ...["received aarq", "sent aare", "received get-request-normal", "sent get-response-normal"],
    ]);
    expect(apdus[2]?.fields.find(({ path }) => path === "attribute.instanceId")?.text).toBe(energy);

    await control.endSession(row?.id as number);
    expect(await control.sessions()).toEqual([]);
    expect(await control.sessions({ all: true })).toHaveLength(1);
    expect(await faultCode(() => control.endSession(77))).toBe("no-session");
  });

  it("shows no secret of an APDU", async () => {
    const { control, simulator, clock } = await controlled();
    const [{ serial } = { serial: "" }] = control.meters({ from: 0, count: 1 });
    control.apdus(serial);
    const identity = await simulator.identity(0);
    const password = identity.clients.find(({ client }) => client === 32)?.password as string;
    const session = await associate(simulator, clock, 48);
    const secret = { classId: 15, instanceId: "0.0.40.0.2.255", attributeId: 7 };
    await session.set(secret, { type: "octet-string", value: fromAscii("a new password") });
    await associate(simulator, clock, 32, { secret: fromAscii(password) }).catch(() => undefined);
    const all = JSON.stringify(control.apdus(serial));
    expect(all).toContain("set-request-normal");
    for (const hidden of [password, "a new password", Buffer.from(password).toString("hex")]) {
      expect(all).not.toContain(hidden);
    }
  });

  it("keeps the last APDUs of the meters that were looked at last only", async () => {
    const { control, simulator, clock } = await controlled({ meters: 20 });
    const serials = control.meters({ from: 0, count: 20 }).map(({ serial }) => serial);
    for (const serial of serials) control.apdus(serial);
    for (const meter of [0, 19]) {
      const session = await associate(simulator, clock, 16, { meter });
      for (let n = 0; n < 40; n++) await session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 });
    }
    expect(control.apdus(serials[0] as string)).toEqual([]);
    expect(control.apdus(serials[19] as string)).toHaveLength(64);
  });

  it("replaces, switches and explains faults", async () => {
    const { control, simulator } = await controlled({ meters: 2 });
    const serial = simulator.fleet.serial(1);
    expect(control.faults()).toMatchObject({ faults: [] });
    control.setFaults({ faults: [{ fault: "silent", meters: { serials: [serial] }, on: false }] });
    expect(control.explain(serial)).toMatchObject({ index: 1, faults: [{ name: "silent", state: "off" }] });
    control.switchFault("silent", true);
    expect((await control.meter(serial)).faults).toMatchObject([{ state: "acting" }]);
    expect((await control.fleet()).faults).toBe(1);
    expect(await faultCode(async () => control.setFaults({ faults: [{ fault: "nonsense" }] }))).toBe("bad-faults-file");
    expect(await faultCode(async () => control.switchFault("other", true))).toBe("unknown-fault");
    expect(control.faults().faults).toHaveLength(1);
    expect(control.faultKinds().length).toBeGreaterThan(10);
  });

  it("sets, freezes and steps the time", async () => {
    const bottle = await controlled({ speed: 0 });
    const { control } = bottle;
    expect(control.time()).toEqual({ now: new Date(now0).toISOString(), speed: 0 });
    expect(control.setTime({ now: now0 + day })).toMatchObject({ now: new Date(now0 + day).toISOString() });
    const stepping = control.step(now0 + 2 * day);
    await stepTo(bottle, now0 + 2 * day);
    expect(await stepping).toEqual({ now: new Date(now0 + 2 * day).toISOString(), speed: 0 });
    expect(await faultCode(() => control.step(now0))).toBe("bad-value");
    expect(control.setTime({ speed: 60 }).speed).toBe(60);
    expect(await faultCode(async () => control.setTime({ speed: -1 }))).toBe("bad-value");
  });

  it("charts a day of the load profile, and of any other profile with times", async () => {
    const { control } = await controlled();
    const [{ serial } = { serial: "" }] = control.meters({ from: 0, count: 1 });
    const chart = await control.profile(serial, { from: now0 - day, to: now0 });
    expect(chart.instanceId).toBe("1.0.99.1.0.255");
    expect(chart.rows).toHaveLength(49);
    expect(chart.columns.map(({ unit }) => unit)).toContain("V");
    const voltage = chart.columns.findIndex(({ unit }) => unit === "V");
    for (const { at, values } of chart.rows) {
      expect(at).toBeGreaterThanOrEqual(now0 - day);
      expect(values[voltage]).toBeGreaterThan(150);
    }
    expect((await control.profile(serial, { instanceId: "1.0.99.2.0.255", from: 0, to: now0 })).rows.length).toBe(90);
    expect(await faultCode(() => control.profile(serial, { instanceId: energy, from: 0, to: 1 }))).toBe("no-object");
    expect(await faultCode(() => control.profile(serial, { instanceId: "1.0.94.91.3.255", from: 0, to: 1 }))).toBe(
      "no-day",
    );
  });
});

describe("a snapshot", () => {
  it("puts meters, time and faults back, and ends all associations", async () => {
    const bottle = await controlled({ meters: 3, speed: 0 });
    const { control, simulator, clock, store } = bottle;
    const serials = control.meters({ from: 0, count: 3 }).map(({ serial }) => serial) as [string, string, string];
    await control.write(serials[0], message, 2, text("before"));
    control.setFaults({ faults: [{ fault: "silent", on: false }] });
    const before = await control.meter(serials[0]);
    const energyBefore = await control.read(serials[1], energy, 2);
    const { id, now, speed } = await control.snapshot();
    expect({ now, speed }).toEqual({ now: now0, speed: 0 });

    for (const round of [1, 2]) {
      await associate(simulator, clock, 16, { meter: 1 });
      expect(simulator.server.sessions).toHaveLength(1);
      await control.write(serials[0], message, 2, text(`after ${round}`));
      await control.write(serials[2], message, 2, text("new"));
      await control.connect(serials[1], false);
      control.setFaults({ faults: [] });
      control.setTime({ now: now0 + 3 * day, speed: 5 });
      expect(await control.restore(id)).toMatchObject({ id, now: now0 });
      expect(simulator.server.sessions).toEqual([]);
      expect(control.time()).toEqual({ now: new Date(now0).toISOString(), speed: 0 });
      expect(control.faults().faults).toMatchObject([{ fault: "silent", on: false }]);
      expect(await control.meter(serials[0])).toEqual(before);
      expect(await control.read(serials[0], message, 2)).toMatchObject({ value: text("before") });
      expect(await control.read(serials[2], message, 2)).toMatchObject({ value: text("") });
      expect((await control.meter(serials[1])).connected).toBe(true);
      expect(await control.read(serials[1], energy, 2)).toEqual(energyBefore);
    }
    expect(await store.snapshots.list("is15959-d1")).toHaveLength(1);
    expect(await faultCode(() => control.restore(99))).toBe("no-snapshot");
    await control.removeSnapshot(id);
    expect(await faultCode(() => control.removeSnapshot(id))).toBe("no-snapshot");
    expect(await control.snapshots()).toEqual([]);
  });

  it("never takes an invocation counter back", async () => {
    const { control, simulator, clock } = await controlled({ speed: 0 });
    const counterOf = async (): Promise<number> => {
      const session = await associate(simulator, clock, 48);
      await session.get({ classId: 3, instanceId: energy, attributeId: 2 });
      const association = simulator.meterTemplate.associations.find(({ client }) => client === 48);
      const next = (await simulator
        .meter(0)
        .state(association as never)
        .counters.next()) as number;
      await session.release();
      return next;
    };
    const { id } = await control.snapshot();
    const used = await counterOf();
    await control.restore(id);
    expect(await counterOf()).toBeGreaterThan(used);
  });

  it("does again what fell due since", async () => {
    const bottle = await controlled({ meters: 2, speed: 0, template: "every-class" });
    const { control, simulator } = bottle;
    const due = async () => {
      await stepTo(bottle, now0 + 2 * hour);
      return Promise.all([0, 1].map((index) => simulator.store.fleets.ranUpTo("every-class", "all").then(() => index)));
    };
    const { id } = await control.snapshot();
    await due();
    const after = await simulator.store.fleets.ranUpTo("every-class", "all");
    await control.restore(id);
    expect(await simulator.store.fleets.ranUpTo("every-class", "all")).toBe(now0);
    await due();
    expect(await simulator.store.fleets.ranUpTo("every-class", "all")).toBe(after);
  });

  it("is kept by the store, for the next process", async () => {
    const state = new MemoryState();
    const first = await controlled({ speed: 0 }, state);
    const [{ serial } = { serial: "" }] = first.control.meters({ from: 0, count: 1 });
    const { id } = await first.control.snapshot();
    await first.control.write(serial, message, 2, text("later"));
    await first.simulator.close();
    await first.store.close();
    const next = await controlled({ speed: 0 }, state);
    expect(await next.control.snapshots()).toMatchObject([{ id, now: now0 }]);
    await next.control.restore(id);
    expect(await next.control.read(serial, message, 2)).toMatchObject({ value: text("") });
  });

  it("is whole, whatever is written at the same time", async () => {
    const { control } = await controlled({ speed: 0 });
    const [{ serial } = { serial: "" }] = control.meters({ from: 0, count: 1 });
    const writing = Array.from({ length: 30 }, (_, n) =>
      control.write(serial, message, 2, text(`m${n}`)).then(
        () => "written",
        (fault: { code?: string }) => fault.code,
      ),
    );
    const taken = control.snapshot();
    const restored = taken.then(({ id }) => control.restore(id));
    const outcomes = await Promise.all(writing);
    await restored;
    expect(outcomes.filter((one) => !["written", "lease-lost", "not-kept"].includes(String(one)))).toEqual([]);
    // The meter goes on.
    expect(await control.write(serial, message, 2, text("next"))).toMatchObject({ value: text("next") });
  });

  it("is refused when there are too many", async () => {
    const { control } = await controlled();
    for (let n = 0; n < 32; n++) await control.snapshot();
    expect(await faultCode(() => control.snapshot())).toBe("too-many-snapshots");
  });
});
