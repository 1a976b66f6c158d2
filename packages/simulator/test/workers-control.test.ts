import { describe, expect, it } from "vitest";
import { serveControl } from "../src/control.ts";
import { associate, hour, now0 } from "./bottle.ts";
import { faultCode, requests, routeOf } from "./controlled.ts";
import { inWorkers } from "./workers-bottle.ts";

const message = "0.0.96.13.0.255";
const text = (value: string) => ({ type: "visible-string", value });
const all = { from: 0, count: 100 };
const small = { network: { metersPerTransformer: 2, transformersPerFeeder: 2 } };

describe("one control of several workers", () => {
  it("asks the worker that has a meter, and no other", async () => {
    const { port, own, serial } = await inWorkers();
    for (const index of [0, 1, 2, 3]) {
      expect((await port.meter(serial(index))).index).toBe(index);
      await port.write(serial(index), message, 2, text(`meter ${index}`));
      expect((await port.read(serial(index), message, 2)).value).toEqual(text(`meter ${index}`));
      const owner = index < 2 ? 0 : 1;
      expect((await own(owner).control.read(serial(index), message, 2)).value).toEqual(text(`meter ${index}`));
      // Only the first meter has a row from the start on.
      const { store, simulator } = own(1 - owner);
      if (index > 0) expect(await store.meters.get(simulator.fleet.meterId(index))).toBeUndefined();
    }
    await port.power(serial(3), false);
    expect([own(0).simulator.meter(3).powered, own(1).simulator.meter(3).powered]).toEqual([true, false]);
    expect(await faultCode(() => port.meter("nobody"))).toBe("unknown-meter");
    expect(await faultCode(() => port.read(serial(3), "9.9.9.9.9.9", 2))).toBe("no-object");
    expect(await faultCode(() => port.write(serial(3), message, 2, text("x".repeat(161))))).toBe("other-reason");
  });

  it("passes Faults on as they are", async () => {
    const { port, serial, own } = await inWorkers();
    const caught = async (run: () => unknown) => {
      try {
        await run();
      } catch (error) {
        return JSON.parse(JSON.stringify(error));
      }
    };
    for (const run of [
      (control: typeof port) => control.write(serial(3), message, 2, "no Data"),
      (control: typeof port) => control.setFaults({ faults: [{ fault: "silent", meters: { serials: ["0"] } }] }),
    ]) {
      expect(await caught(() => run(port))).toEqual(await caught(() => run(own(1).control)));
    }
  });

  it("adds up what the meters do, also what a worker did that has ended", async () => {
    const bottle = await inWorkers();
    const { port, own, clock } = bottle;
    for (const [worker, meter, reads] of [
      [0, 0, 1],
      [1, 2, 2],
      [1, 3, 1],
    ] as const) {
      const session = await associate(own(worker).simulator, clock, 16, { meter });
      for (let read = 0; read < reads; read++) {
        await session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 });
      }
    }
    expect(await port.fleet()).toMatchObject({
      ...{ meters: 4, sessions: 3, associations: 3, reads: 4, workers: { count: 2, silent: [] } },
    });
    expect((await port.meters(all)).map(({ index, sessions }) => [index, sessions])).toEqual([
      [0, 1],
      [1, 0],
      [2, 1],
      [3, 1],
    ]);
    expect((await port.meters({ from: 1, count: 2 })).map(({ index }) => index)).toEqual([1, 2]);
    await bottle.replace(1);
    expect(await port.fleet()).toMatchObject({ sessions: 1, associations: 3, reads: 4 });
  });

  it("tells the events of all workers", async () => {
    const { port, serial, own, replace } = await inWorkers();
    const told: { type?: string; serial?: string }[] = [];
    let skipped = 0;
    const stop = port.listen({
      event: (json) => void told.push(json()),
      skipped: (count) => {
        skipped += count;
      },
    });
    await port.power(serial(0), false);
    await port.power(serial(3), false);
    await replace(0);
    await port.power(serial(1), false);
    const lost = told.filter(({ type }) => type === "power-lost").map((event) => event.serial);
    // The replaced worker cut the power of its meter again.
    expect(lost).toEqual([serial(0), serial(3), serial(0), serial(1)]);
    stop();
    await expect.poll(() => own(1).watch.listeners).toBe(0);
    await port.power(serial(3), true);
    expect(told.some(({ type }) => type === "power-restored")).toBe(false);
    expect(skipped).toBe(0);
  });

  it("switches faults in all workers, or in none", async () => {
    const { port, own, serial } = await inWorkers();
    const set = await port.setFaults({ faults: [{ fault: "lossy", on: false }] });
    await port.switchFault("lossy", true);
    for (const worker of [0, 1]) expect(own(worker).control.faults()).toEqual(await port.faults());
    expect((await port.faults()).faults).toEqual([{ ...set.faults[0], on: true }]);
    expect((await port.explain(serial(3))).faults[0]).toMatchObject({ name: "lossy", state: "acting" });
    expect(await faultCode(() => port.setFaults({ faults: [{ fault: "nothing" }] }))).toBe("bad-faults-file");
    expect(await faultCode(() => port.switchFault("other", true))).toBe("unknown-fault");
    for (const worker of [0, 1]) expect(own(worker).control.faults().faults).toHaveLength(1);
    expect(await port.fleet()).toMatchObject({ faults: 1 });
    expect(await port.faultKinds()).toEqual(own(0).control.faultKinds());
  });

  it("shows the faults as a worker has them that answers", async () => {
    const { port, suspend, called, pass } = await inWorkers();
    expect(await port.fleet()).toMatchObject({ faults: 0 });
    suspend(0);
    const set = faultCode(() => port.setFaults({ faults: [{ fault: "lossy" }] }));
    await called(0);
    pass(10_000);
    expect(await set).toBe("worker-unavailable");
    expect(await port.fleet()).toMatchObject({ faults: 1, workers: { silent: [0] } });
  });

  it("gives a worker that starts later than the others the faults and the power cuts of the meantime", async () => {
    const { port, own, start } = await inWorkers({ begun: 1, ...small });
    await port.setFaults({ faults: [{ fault: "lossy" }] });
    expect(await port.feederPower("feeder-1", false)).toMatchObject({ meters: 2, failed: 2 });
    await start(1);
    expect(own(1).control.faults()).toEqual(await port.faults());
    expect([2, 3].map((index) => own(1).simulator.meter(index).powered)).toEqual([false, false]);
  });

  it("cuts the power of a feeder that several workers supply", async () => {
    // The first worker has meters 0 to 4, the feeder 4 to 7.
    const { port, own } = await inWorkers({ meters: 10, ...small });
    expect(await port.feederPower("feeder-2", false)).toEqual({ meters: 4, failed: 0, failures: [] });
    const off = (worker: number) =>
      Array.from({ length: 10 }, (_, index) => index).filter((index) => !own(worker).simulator.meter(index).powered);
    expect([off(0), off(1)]).toEqual([[4], [5, 6, 7]]);
    expect(await port.feederPower("transformer-3", true)).toMatchObject({ meters: 2 });
    expect([off(0), off(1)]).toEqual([[], [6, 7]]);
    expect(await faultCode(() => port.feederPower("feeder-4", true))).toBe("unknown-feeder");
    expect((await port.feeders(all)).map(({ name }) => name)).toEqual(["feeder-1", "feeder-2", "feeder-3"]);
  });

  it("answers each path of the control port in its form, with the status of each Fault", async () => {
    const bottle = await inWorkers({ speed: 0 });
    const { serial, meanwhile } = bottle;
    await using served = await serveControl(bottle.port, { port: 0 });
    const ask = async (method: string, path: string, body?: unknown) => {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`http://127.0.0.1:${served.port}${path}`, { method, headers, ...sent });
      return { status: answer.status, json: (await answer.json()) as { fault?: { code: string } } };
    };
    for (const [method, path, body] of requests(serial(3), { now: now0, transformer: "transformer-1" })) {
      const { status, json } = await meanwhile(ask(method, path, body));
      expect([method, path, status, json.fault]).toEqual([method, path, 200, undefined]);
      expect(routeOf(method, path)?.answer.parse(json)).toEqual(json);
    }
    expect((await ask("GET", "/meters/nobody")).status).toBe(404);
    bottle.suspend(1);
    const silent = ask("GET", `/meters/${serial(3)}`);
    await bottle.called(1);
    bottle.pass(10_000);
    expect(await silent).toMatchObject({ status: 503, json: { fault: { code: "worker-unavailable" } } });
    bottle.resume(1);
  });
});

describe("the time of several workers", () => {
  const agree = (times: readonly number[]): void => {
    for (const time of times) expect(time).toBeCloseTo(times[0] as number, 3);
  };

  it("is the same in all of them, however long a message takes, and never goes back", async () => {
    const { port, clock, times, slow, owns } = await inWorkers({ of: 3, speed: 60 });
    const back: number[] = [];
    for (const { simulator } of owns) {
      const timeChanged = (from: number, to: number): void => void (to < from && back.push(to - from));
      simulator.time.listen({ timeChanged, settled: async () => undefined });
    }
    let before = times();
    const forward = (): void => {
      const after = times();
      expect(after.every((time, worker) => time >= (before[worker] as number))).toBe(true);
      before = after;
    };
    slow(7);
    for (const speed of [3600, 1, 0, 60, 0.5]) {
      await port.setTime({ speed });
      agree(times());
      forward();
      clock.advance(1000);
      agree(times());
      expect((await port.time()).speed).toBe(speed);
      expect(Date.parse((await port.time()).now)).toBe(Math.floor(times()[0] as number));
      forward();
    }
    expect(back).toEqual([]);
    await port.setTime({ now: now0 + 5 * hour, speed: 0 });
    expect(times()).toEqual([now0 + 5 * hour, now0 + 5 * hour, now0 + 5 * hour]);
  });

  it("steps in all of them, and does what is due", async () => {
    const { port, own, serial, times, meanwhile } = await inWorkers({ speed: 0 });
    expect(await meanwhile(port.step(now0 + 25 * hour))).toEqual({
      now: new Date(now0 + 25 * hour).toISOString(),
      speed: 0,
    });
    expect(times()).toEqual([now0 + 25 * hour, now0 + 25 * hour]);
    for (const meter of [0, 3]) expect(Date.parse((await port.meter(serial(meter))).clock)).toBe(now0 + 25 * hour);
    expect(await faultCode(() => port.step(now0))).toBe("bad-value");
    expect(await faultCode(() => port.setTime({ speed: -1 }))).toBe("bad-value");
    expect(own(1).simulator.time.rate).toBe(0);
    const [one, other] = await meanwhile(Promise.all([port.step(now0 + 26 * hour), port.step(now0 + 27 * hour)]));
    expect([one, other].map(({ now }) => Date.parse(now) - now0)).toEqual([26 * hour, 27 * hour]);
  });

  it("goes on at its speed after a step that is refused", async () => {
    const { port, clock, times, meanwhile } = await inWorkers({ speed: 10 });
    await meanwhile(port.step(now0 + hour));
    expect(await faultCode(() => port.step(now0))).toBe("bad-value");
    clock.advance(1000);
    expect(times()).toEqual([now0 + hour + 10_000, now0 + hour + 10_000]);
  });
});

describe("a worker that takes another one's place", () => {
  it("gets the time, the faults and the power cuts", async () => {
    const { port, own, replace, times, clock } = await inWorkers({ meters: 10, ...small });
    await port.setTime({ now: now0 + 100 * hour, speed: 30 });
    await port.setFaults({ faults: [{ fault: "lossy", meters: { share: 0.5 } }] });
    await port.feederPower("feeder-2", false);
    await port.feederPower("transformer-4", true);
    clock.advance(1000);
    await replace(1);
    expect(times()[1]).toBe(times()[0]);
    expect(own(1).control.faults()).toEqual(own(0).control.faults());
    expect([4, 5, 6, 7, 8].filter((index) => !own(1).simulator.meter(index).powered)).toEqual([5]);
    expect(own(0).simulator.meter(4).powered).toBe(false);
  });

  it("gets the faults also where no other worker is left", async () => {
    const { port, own, end, start } = await inWorkers();
    await port.setFaults({ faults: [{ fault: "lossy" }] });
    const taken = await port.snapshot();
    await port.setFaults({ faults: [] });
    await port.restore(taken.id);
    end(0);
    end(1);
    expect(await faultCode(() => port.faults())).toBe("worker-unavailable");
    await start(1);
    expect(own(1).control.faults().faults).toHaveLength(1);
  });

  it("fails what was asked of the one before, at once", async () => {
    const { port, serial, suspend, called, end } = await inWorkers();
    suspend(1);
    const asked = faultCode(() => port.meter(serial(3)));
    await called(1);
    end(1);
    expect(await asked).toBe("worker-unavailable");
    expect(await faultCode(() => port.meter(serial(2)))).toBe("worker-unavailable");
    expect((await port.meter(serial(1))).index).toBe(1);
  });
});

describe("a worker that does not answer", () => {
  it("fails what concerns its meters, and holds up nothing else", async () => {
    const bottle = await inWorkers({ meters: 10, ...small, speed: 0 });
    const { port, serial, own, suspend, resume, times } = bottle;
    await port.fleet();
    suspend(1);
    const asked = faultCode(() => port.meter(serial(9)));
    await bottle.called(1);
    bottle.pass(9999);
    // Figures are waited for a second only.
    const fleet = port.fleet();
    await bottle.meanwhile(undefined);
    bottle.pass(1);
    expect(await asked).toBe("worker-unavailable");
    bottle.pass(1000);
    expect(await fleet).toMatchObject({ meters: 10, workers: { count: 2, silent: [1] } });
    // It is not waited for again.
    expect(await faultCode(() => port.meter(serial(9)))).toBe("worker-unavailable");
    expect((await port.meter(serial(0))).index).toBe(0);
    expect(await faultCode(() => port.meters(all))).toBe("worker-unavailable");
    expect(await port.meters({ from: 0, count: 5 })).toHaveLength(5);
    expect(await port.fleet()).toMatchObject({ meters: 10, workers: { count: 2, silent: [1] } });
    // What concerns all is done by the others, and by this one as soon as it goes on.
    const cut = await port.feederPower("feeder-2", false);
    expect(cut).toMatchObject({ meters: 1, failed: 3, failures: [{ serial: serial(5) }] });
    expect(cut.failures[0]?.fault.code).toBe("worker-unavailable");
    expect(await faultCode(() => port.setTime({ now: now0 + hour }))).toBe("worker-unavailable");
    expect(await faultCode(() => port.setFaults({ faults: [{ fault: "lossy" }] }))).toBe("worker-unavailable");
    expect(await faultCode(() => port.sessions())).toBe("worker-unavailable");
    expect(await port.sessions({ serial: serial(0) })).toEqual([]);
    expect(await faultCode(() => port.snapshot())).toBe("worker-unavailable");
    expect(await port.time()).toMatchObject({ now: new Date(now0 + hour).toISOString() });
    resume(1);
    await expect.poll(() => port.fleet()).toMatchObject({ workers: { silent: [] } });
    expect(times()).toEqual([now0 + hour, now0 + hour]);
    await expect.poll(() => own(1).simulator.meter(7).powered).toBe(false);
    expect(own(1).control.faults()).toEqual(own(0).control.faults());
    expect((await port.meter(serial(9))).index).toBe(9);
  });

  it("is not silent because one call takes too long", async () => {
    const { port, serial, own, pass } = await inWorkers();
    const { simulator } = own(1);
    const { using } = simulator;
    let begun = false;
    simulator.using = () => {
      begun = true;
      return new Promise(() => undefined);
    };
    const asked = faultCode(() => port.meter(serial(3)));
    await expect.poll(() => begun).toBe(true);
    pass(10_000);
    expect(await asked).toBe("worker-unavailable");
    simulator.using = using;
    await expect.poll(() => port.fleet()).toMatchObject({ workers: { silent: [] } });
    expect((await port.meter(serial(3))).index).toBe(3);
  });

  it("may take long for what lasts, as long as it is there", async () => {
    const { port, own, meanwhile, pass, suspend } = await inWorkers({ speed: 0 });
    const { time } = own(1).simulator;
    let done: (() => void) | undefined;
    time.listen({ timeChanged: () => undefined, settled: () => new Promise<void>((resolve) => (done = resolve)) });
    let over = false;
    const stepping = meanwhile(port.step(now0 + hour)).finally(() => {
      over = true;
    });
    while (done === undefined) await new Promise((resolve) => setTimeout(resolve, 0));
    // Each look at the worker is answered.
    for (let look = 0; look < 20; look++) {
      pass(2500);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect(over).toBe(false);
    expect((await port.fleet()).workers).toEqual({ count: 2, silent: [] });
    done();
    expect(Date.parse((await stepping).now)).toBe(now0 + hour);
    // And no longer.
    done = undefined;
    const again = faultCode(() => meanwhile(port.step(now0 + 2 * hour)));
    while (done === undefined) await new Promise((resolve) => setTimeout(resolve, 0));
    suspend(1);
    pass(2500);
    pass(10_000);
    expect(await again).toBe("worker-unavailable");
  });
});

describe("workers that are about to end", () => {
  it("end what waits for one of them at once, and are sent nothing more", async () => {
    const { port, control, serial, suspend, called, calls, timers } = await inWorkers();
    suspend(1);
    // A read, what all workers are asked and told, and what lasts as long as it needs.
    const asked = [
      ...[port.meter(serial(3)), port.sessions(), port.switchFault("lossy", true), port.setTime({ speed: 2 })],
      ...[port.step(now0 + hour), port.feederPower("feeder-1", false), port.power(serial(3), false)],
    ].map((call) => faultCode(async () => call));
    await called(1);
    expect(timers()).toBeGreaterThan(0);
    control.stop();
    for (const code of await Promise.all(asked)) expect(code).toBe("worker-unavailable");
    const sent = calls.length;
    await expect((async () => port.meter(serial(0)))()).rejects.toThrow("is being stopped");
    expect(await faultCode(() => port.faults())).toBe("worker-unavailable");
    expect([timers(), calls.length]).toEqual([0, sent]);
  });
});

describe("snapshots of several workers", () => {
  it("put all meters, the time, the faults and the power back", async () => {
    const { port, serial, times, replace, own, meanwhile } = await inWorkers({ speed: 0 });
    await port.power(serial(3), false);
    const taken = await port.snapshot();
    expect(await port.snapshots()).toEqual([taken]);
    for (const meter of [0, 3]) await port.write(serial(meter), message, 2, text("after"));
    await port.setFaults({ faults: [{ fault: "lossy" }] });
    await port.power(serial(3), true);
    await port.power(serial(0), false);
    await meanwhile(port.step(now0 + hour));
    expect(await port.restore(taken.id)).toEqual(taken);
    expect(times()).toEqual([now0, now0]);
    expect((await port.faults()).faults).toEqual([]);
    for (const meter of [0, 3]) {
      expect((await port.read(serial(meter), message, 2)).value).not.toEqual(text("after"));
      expect((await port.meter(serial(meter))).powered).toBe(meter === 0);
    }
    // What was cut at the snapshot is cut again in a new worker, too.
    await replace(1);
    await replace(0);
    expect([0, 3].map((index) => own(index === 0 ? 0 : 1).simulator.meter(index).powered)).toEqual([true, false]);
  });

  it("keep the speed, and stop the time meanwhile", async () => {
    const { port, clock, times } = await inWorkers({ speed: 5 });
    const taken = await port.snapshot();
    expect(taken).toMatchObject({ now: now0, speed: 5 });
    expect((await port.time()).speed).toBe(5);
    await port.setTime({ speed: 100 });
    clock.advance(1000);
    await port.restore(taken.id);
    clock.advance(1000);
    expect(times()).toEqual([now0 + 5000, now0 + 5000]);
  });

  it("are refused where a worker is missing; those of a worker that has ended are gone", async () => {
    const { port, own, end, start, suspend, resume, called, pass } = await inWorkers();
    const taken = await port.snapshot();
    suspend(1);
    const restoring = faultCode(() => port.restore(taken.id));
    await called(1);
    pass(10_000);
    expect(await restoring).toBe("worker-unavailable");
    expect(await faultCode(() => port.snapshot())).toBe("worker-unavailable");
    resume(1);
    await expect.poll(() => faultCode(() => port.restore(taken.id))).toBeUndefined();
    await port.snapshot();
    end(1);
    expect(await faultCode(() => port.snapshot())).toBe("worker-unavailable");
    await start(1);
    expect(await port.snapshots()).toEqual([]);
    expect(await faultCode(() => port.restore(taken.id))).toBe("no-snapshot");
    // Their parts in other workers are gone as well.
    expect(await own(0).control.snapshots()).toEqual([]);
    const next = await port.snapshot();
    expect(next.id).toBeGreaterThan(taken.id);
    await port.removeSnapshot(next.id);
    expect(await faultCode(() => port.removeSnapshot(next.id))).toBe("no-snapshot");
    expect(await own(1).control.snapshots()).toEqual([]);
  });
});
