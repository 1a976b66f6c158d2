// Attempts to connect, in virtual time: how many, when, and when they end.
import { Fault } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  type Backoff,
  backoffBounds,
  type DialEvent,
  Dialler,
  type DiallerOptions,
  isTemporary,
  seededRandom,
  VirtualClock,
} from "../src/index.ts";

const refused = () => new Fault("connection-refused", "refused", { layer: "transport", hint: "start the meter" });
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** How an attempt ends: after `takes` ms; `hangs` never does. */
interface Outcome {
  readonly ok: boolean;
  readonly takes: number;
}

/** A destination with a list of outcomes; further attempts fail at once. */
function destination(clock: VirtualClock, outcomes: readonly Outcome[]) {
  const begun: number[] = [];
  const closed: number[] = [];
  const open = (): Promise<{ destroy(): void }> => {
    const { ok, takes } = outcomes[begun.length] ?? { ok: false, takes: 0 };
    begun.push(clock.now());
    const made = { destroy: () => void closed.push(clock.now()) };
    return new Promise((resolve, reject) => {
      const end = (): void => (ok ? resolve(made) : reject(refused()));
      if (takes === 0) end();
      else clock.at(clock.now() + takes, end);
    });
  };
  return { begun, closed, open };
}

/** Runs until the promise has settled; ends what hangs after an hour of virtual time. */
async function outcomeOf<T>(clock: VirtualClock, promise: Promise<T>): Promise<{ at: number; value: T | Fault }> {
  let settled: { at: number; value: T | Fault } | undefined;
  promise.then(
    (value) => {
      settled = { at: clock.now(), value };
    },
    (value: Fault) => {
      settled = { at: clock.now(), value };
    },
  );
  await settle();
  while (settled === undefined) {
    const { next } = clock;
    if (next === undefined || next > 36_000_000) throw new Error(`nothing happens at ${clock.now()}`);
    await clock.advanceAsync(Math.max(0, next - clock.now()));
    await settle();
  }
  return settled;
}

const codeOf = (value: unknown): string => (value instanceof Fault ? value.code : "opened");

const outcomes = fc.array(fc.record({ ok: fc.boolean(), takes: fc.integer({ min: 0, max: 5000 }) }), { maxLength: 12 });
const backoffs = fc.record({
  first: fc.integer({ min: 1, max: 2000 }),
  factor: fc.double({ min: 1, max: 4, noNaN: true }),
  longest: fc.integer({ min: 2000, max: 20_000 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe("any destination, any policy", () => {
  it("gets no more attempts than allowed, each within the bounds of the back-off, none after the deadline", async () => {
    await fc.assert(
      fc.asyncProperty(
        ...[outcomes, backoffs, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 30_000 })],
        ...[fc.option(fc.integer({ min: 1, max: 4000 })), fc.integer()],
        async (given, backoff: Backoff, retries, deadline, attemptTimeout, seed) => {
          const clock = new VirtualClock();
          const { begun, closed, open } = destination(clock, given);
          const failures: { at: number; retryIn: number | undefined }[] = [];
          const dialler = new Dialler({
            ...{ clock, random: seededRandom(seed), retries, deadline, backoff, circuit: false },
            ...(attemptTimeout !== null && { attemptTimeout }),
            events: (event) => {
              if (event.type === "attempt-failed") failures.push({ at: clock.now(), retryIn: event.retryIn });
            },
          });
          const { at, value } = await outcomeOf(clock, dialler.open("meter", open));
          expect(begun.length).toBeLessThanOrEqual(retries + 1);
          expect(at).toBeLessThanOrEqual(deadline + 1e-6);
          for (const [index, time] of begun.entries()) {
            if (index === 0) continue;
            const { least, most } = backoffBounds(index, backoff);
            const before = failures[index - 1] as { at: number; retryIn: number };
            expect(time).toBeCloseTo(before.at + before.retryIn, 6);
            expect(before.retryIn).toBeGreaterThanOrEqual(least - 1e-6);
            expect(before.retryIn).toBeLessThanOrEqual(most + 1e-6);
          }
          const limit = Math.min(attemptTimeout ?? Number.POSITIVE_INFINITY, deadline);
          for (const [index, { at: failed }] of failures.entries()) {
            expect(failed - (begun[index] as number)).toBeLessThanOrEqual(limit + 1e-6);
          }
          const inTime = given[begun.length - 1];
          if (codeOf(value) === "opened") expect(inTime?.ok).toBe(true);
          else expect(["connection-refused", "connect-timeout", "deadline-passed"]).toContain(codeOf(value));
          // What came too late is closed, and nothing is left.
          await clock.advanceAsync(10_000);
          const opened = begun.filter((_, index) => given[index]?.ok === true).length;
          expect(closed.length).toBe(opened - (codeOf(value) === "opened" ? 1 : 0));
          expect(clock.waiting).toBe(0);
        },
      ),
      { numRuns: times(150) },
    );
  });

  it("is left alone while its circuit is open, whoever calls, and other destinations are not", async () => {
    await fc.assert(
      fc.asyncProperty(
        ...[fc.integer({ min: 1, max: 4 }), fc.integer({ min: 100, max: 5000 }), fc.integer({ min: 2, max: 8 })],
        ...[fc.integer({ min: 0, max: 8 }), fc.integer()],
        async (failures, openFor, callers, downFor, seed) => {
          const clock = new VirtualClock();
          const events: (DialEvent & { at: number })[] = [];
          const dialler = new Dialler({
            ...{ clock, random: seededRandom(seed), retries: 20, backoff: { first: 50, longest: 2000 } },
            circuit: { failures, within: 1e9, openFor, longest: openFor * 4 },
            events: (event) => events.push({ ...event, at: clock.now() }),
          });
          const down = destination(clock, [
            ...Array.from({ length: failures + downFor }, () => ({ ok: false, takes: 10 })),
            ...Array.from({ length: callers }, () => ({ ok: true, takes: 10 })),
          ]);
          const up = destination(clock, [{ ok: true, takes: 10 }]);
          const all = Array.from({ length: callers }, () => dialler.open("down", down.open).catch((fault) => fault));
          const other = await outcomeOf(clock, dialler.open("up", up.open));
          expect([codeOf(other.value), other.at]).toEqual(["opened", 10]);
          await outcomeOf(clock, Promise.all(all));
          let until = 0;
          let trial = false;
          let under = 0;
          for (const event of events.filter((one) => one.destination === "down")) {
            if (event.type === "circuit-opened") {
              until = event.at + event.tryIn;
              trial = false;
            }
            if (event.type === "circuit-closed") until = 0;
            if (event.type === "circuit-half-open") {
              expect(event.at).toBeGreaterThanOrEqual(until);
              expect(trial).toBe(false);
              trial = true;
              under = 0;
            }
            if (event.type === "attempting" && until > 0) {
              // The trial, and nothing beside it.
              expect(trial).toBe(true);
              expect(++under).toBe(1);
            }
          }
        },
      ),
      { numRuns: times(100) },
    );
  });
});

describe("a Dialler", () => {
  const setUp = (given: readonly Outcome[], options: Partial<DiallerOptions> = {}) => {
    const clock = new VirtualClock();
    const events: DialEvent[] = [];
    const place = destination(clock, given);
    const dialler = new Dialler({ clock, random: () => 0.5, events: (event) => events.push(event), ...options });
    return { clock, events, dialler, ...place };
  };
  const failing = { ok: false, takes: 0 };

  it("says what it does", async () => {
    const { clock, events, dialler, open } = setUp([failing, { ok: true, takes: 5 }], { retries: 3 });
    await outcomeOf(clock, dialler.open("tcp://a:1", open));
    expect(events).toMatchObject([
      { type: "attempting", destination: "tcp://a:1", attempt: 1 },
      { type: "attempt-failed", attempt: 1, fault: { code: "connection-refused" }, retryIn: 375 },
      { type: "attempting", attempt: 2 },
      { type: "connected", attempt: 2 },
    ]);
  });

  it("opens the circuit after the failures of all callers, tells when it tries next, and closes it after a trial", async () => {
    const outcomes = [failing, failing, failing, { ok: true, takes: 0 }];
    const { clock, events, dialler, begun, open } = setUp(outcomes, { circuit: { failures: 2, openFor: 1000 } });
    await outcomeOf(
      clock,
      dialler.open("a", open).catch((fault) => fault),
    );
    await outcomeOf(
      clock,
      dialler.open("a", open).catch((fault) => fault),
    );
    expect(events.at(-2)).toMatchObject({ type: "circuit-opened", tryIn: 1000, fault: { code: "connection-refused" } });
    await clock.advanceAsync(400);
    const fault = await dialler.open("a", open).catch((caught) => caught);
    expect(String(fault)).toContain("in 600 ms");
    expect([fault.code, begun.length, dialler.waitOf("a"), dialler.waitOf("b")]).toEqual(["circuit-open", 2, 600, 0]);
    await clock.advanceAsync(600);
    // The trial fails: the next pause is twice as long.
    await outcomeOf(
      clock,
      dialler.open("a", open).catch((caught) => caught),
    );
    expect(dialler.waitOf("a")).toBe(2000);
    await clock.advanceAsync(2000);
    await outcomeOf(clock, dialler.open("a", open));
    expect(events.slice(-4).map(({ type }) => type)).toEqual([
      ...["circuit-half-open", "attempting", "circuit-closed", "connected"],
    ]);
    expect(dialler.waitOf("a")).toBe(0);
  });

  it("counts failures within a time only", async () => {
    const { clock, dialler, begun, open } = setUp([], { circuit: { failures: 2, within: 1000 } });
    for (let call = 0; call < 5; call++) {
      await dialler.open("a", open).catch(() => undefined);
      await clock.advanceAsync(1000);
    }
    expect(begun.length).toBe(5);
  });

  it("waits for the end of a circuit's pause when it has attempts left, and gives up at once when the deadline is before it", async () => {
    const options = { circuit: { failures: 1, openFor: 1000 }, backoff: { first: 10, jitter: 0 } };
    const { clock, dialler, begun, open } = setUp([failing, { ok: true, takes: 0 }], options);
    await dialler.open("a", open).catch(() => undefined);
    const hopeless = await outcomeOf(clock, dialler.open("a", open, { retries: 9, deadline: 900 }));
    expect([codeOf(hopeless.value), hopeless.at]).toEqual(["deadline-passed", 0]);
    const { at, value } = await outcomeOf(clock, dialler.open("a", open, { retries: 1, deadline: 2000 }));
    expect([codeOf(value), at, begun]).toEqual(["opened", 1010, [0, 1010]]);
  });

  it("counts a destination that hangs until the deadline", async () => {
    const hangs = { ok: true, takes: 1e6 };
    const { clock, dialler, open } = setUp([hangs, hangs], { circuit: { failures: 2 }, deadline: 100 });
    for (let call = 0; call < 2; call++) await outcomeOf(clock, dialler.open("a", open));
    expect(dialler.waitOf("a")).toBe(5000);
  });

  it("makes no further attempt after a Fault that another one cannot mend, which no circuit counts", async () => {
    const { clock, dialler } = setUp([], { retries: 9, circuit: { failures: 1 } });
    let attempts = 0;
    const bad = async (): Promise<never> => {
      attempts++;
      throw new Fault("bad-port", "no port", { layer: "transport" });
    };
    const { value } = await outcomeOf(clock, dialler.open("a", bad));
    expect([codeOf(value), attempts, dialler.waitOf("a")]).toEqual(["bad-port", 1, 0]);
  });

  it("ends when it is aborted: in an attempt, which hears of it, and in a wait", async () => {
    const { clock, dialler, closed } = setUp([], { retries: 9 });
    const controller = new AbortController();
    let heard = false;
    const hanging = dialler.open(
      "a",
      ({ signal }) => {
        signal.addEventListener("abort", () => {
          heard = true;
        });
        return new Promise<{ destroy(): void }>((resolve) => {
          clock.at(1000, () => resolve({ destroy: () => void closed.push(clock.now()) }));
        });
      },
      { signal: controller.signal },
    );
    controller.abort();
    await expect(hanging).rejects.toMatchObject({ code: "aborted" });
    await clock.advanceAsync(1000);
    expect([heard, closed]).toEqual([true, [1000]]);
    const waits = new AbortController();
    const failed = dialler.open("b", () => Promise.reject(refused()), { signal: waits.signal });
    await settle();
    waits.abort();
    await expect(failed).rejects.toMatchObject({ code: "aborted" });
    await expect(dialler.open("c", async () => ({ close() {} }), { signal: waits.signal })).rejects.toMatchObject({
      code: "aborted",
    });
    expect(clock.waiting).toBe(0);
  });

  it("gives a trial that was aborted to the next caller", async () => {
    const options = { circuit: { failures: 1, openFor: 1000 } };
    const { clock, dialler, open } = setUp([failing, { ok: true, takes: 50 }, { ok: true, takes: 0 }], options);
    await dialler.open("a", open).catch(() => undefined);
    await clock.advanceAsync(1000);
    const controller = new AbortController();
    const trial = dialler.open("a", open, { signal: controller.signal }).catch((fault) => fault);
    await settle();
    expect(dialler.waitOf("a")).toBe(undefined);
    expect(codeOf(await dialler.open("a", open).catch((fault) => fault))).toBe("circuit-open");
    controller.abort();
    expect(codeOf(await trial)).toBe("aborted");
    expect(codeOf((await outcomeOf(clock, dialler.open("a", open))).value)).toBe("opened");
  });

  it("forgets destinations that count nothing", async () => {
    const { clock, dialler } = setUp([], { circuit: { within: 1000 } });
    for (let each = 0; each < 1500; each++)
      await dialler.open(`m${each}`, () => Promise.reject(refused())).catch(() => 0);
    await clock.advanceAsync(2000);
    await dialler.open("last", () => Promise.reject(refused())).catch(() => 0);
    expect(dialler.circuits).toBe(1);
  });

  it.each<[Backoff]>([[{ first: -1 }], [{ factor: 0.5 }], [{ jitter: 2 }], [{ longest: 100 }]])(
    "takes no back-off of %j",
    (backoff) => {
      expect(() => new Dialler({ clock: new VirtualClock(), backoff })).toThrow("is not possible");
    },
  );

  it("takes the Faults of transport and link as temporary", () => {
    const of = (layer: "transport" | "client" | "association", code: string) => ({ layer, code }) as Fault;
    expect(["connection-refused", "line-lost", "dial-failed"].every((code) => isTemporary(of("transport", code)))).toBe(
      true,
    );
    expect(isTemporary(of("client", "timeout"))).toBe(true);
    expect(isTemporary(of("association", "timeout"))).toBe(true);
    expect(isTemporary(of("transport", "not-permitted"))).toBe(false);
    expect(isTemporary(of("association", "association-refused"))).toBe(false);
  });
});
