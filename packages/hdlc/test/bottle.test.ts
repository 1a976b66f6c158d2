import { type Link, type LinkOutput, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Primary, Station } from "../src/index.ts";
import { client, server } from "./meter.ts";

/** What the line does to the next thing that is sent. */
type Fate = "pass" | "lose" | "double" | "damage" | "split" | "late";

interface Flight {
  readonly at: number;
  readonly order: number;
  readonly to: "primary" | "station";
  readonly octets: Uint8Array;
}

/** A client and a server on one line with virtual time; the line keeps the order of what it does not lose. */
class Bottle {
  readonly primary: Primary;
  readonly station: Station;
  readonly served: string[] = [];
  readonly answers: string[] = [];
  readonly ends: string[] = [];
  connected = false;
  now = 0;
  readonly #flights: Flight[] = [];
  readonly #fates: readonly Fate[];
  readonly #answer: (pdu: Uint8Array) => Uint8Array;
  readonly #slow: number;
  readonly #pending: { at: number; pdu: Uint8Array; address: { client: number; server: number } }[] = [];
  #turn = 0;
  #order = 0;
  #last = { primary: 0, station: 0 };

  constructor(
    fates: readonly Fate[],
    size: { info: number; window: number },
    answer: (pdu: Uint8Array) => Uint8Array,
    slow = 0,
  ) {
    this.#fates = fates;
    this.#answer = answer;
    this.#slow = slow;
    const limits = {
      maxInfoSend: size.info,
      maxInfoReceive: size.info,
      windowSend: size.window,
      windowReceive: size.window,
    };
    this.primary = new Primary({ client, server, timeout: 1000, retries: 6, ...limits });
    this.station = new Station({ addresses: [server], ...limits });
  }

  #fly(to: Flight["to"], octets: Uint8Array): void {
    const fate = this.#fates[this.#turn++] ?? "pass";
    const launch = (part: Uint8Array, delay: number): void => {
      // In order: nothing overtakes.
      const at = Math.max(this.now + delay, this.#last[to]);
      this.#last[to] = at;
      this.#flights.push({ at, order: this.#order++, to, octets: part });
    };
    if (fate === "lose") return;
    if (fate === "damage") {
      const damaged = octets.slice();
      const at = this.#turn % damaged.length;
      damaged[at] = (damaged[at] as number) ^ (1 << (this.#turn & 7));
      launch(damaged, 10);
    } else if (fate === "split") {
      const cut = this.#turn % octets.length;
      launch(octets.subarray(0, cut), 10);
      launch(octets.subarray(cut), 40);
    } else {
      launch(octets, fate === "late" ? 1300 : 10);
      if (fate === "double") launch(octets, 15);
    }
  }

  #drain(): void {
    for (let busy = true; busy; ) {
      busy = false;
      const take = (link: Link, to: Flight["to"], other: (output: LinkOutput) => void): void => {
        for (let output = link.poll(); output !== undefined; output = link.poll()) {
          busy = true;
          if (output.type === "transmit") this.#fly(to, output.octets);
          else other(output);
        }
      };
      take(this.primary, "station", (output) => {
        if (output.type === "received") this.answers.push(toHex(output.pdu));
        if (output.type === "connected") this.connected = true;
        if (output.type === "disconnected") this.ends.push(output.why);
      });
      take(this.station, "primary", (output) => {
        if (output.type !== "received") return;
        this.served.push(toHex(output.pdu));
        const pdu = this.#answer(output.pdu);
        if (this.#slow === 0) this.station.send(pdu, this.now, output.address);
        else this.#pending.push({ at: this.now + this.#slow, pdu, address: output.address });
      });
    }
  }

  /** Lets time pass until `done` or nothing more can happen; false when it took for ever. */
  run(done: () => boolean): boolean {
    for (let step = 0; step < 5000; step++) {
      this.#drain();
      if (done()) return true;
      this.#flights.sort((a, b) => a.at - b.at || a.order - b.order);
      const times = [this.#flights[0]?.at, this.#pending[0]?.at, this.primary.deadline, this.station.deadline].filter(
        (at) => at !== undefined,
      );
      if (times.length === 0) return true;
      this.now = Math.max(this.now, Math.min(...times));
      const flight = this.#flights[0];
      if (flight !== undefined && flight.at <= this.now) {
        this.#flights.shift();
        (flight.to === "primary" ? this.primary : this.station).receive(flight.octets, this.now);
        continue;
      }
      const answer = this.#pending[0];
      if (answer !== undefined && answer.at <= this.now) {
        this.#pending.shift();
        this.station.send(answer.pdu, this.now, { ...answer.address, physical: server.lower });
        continue;
      }
      this.primary.expire(this.now);
      this.station.expire(this.now);
    }
    return false;
  }
}

const answerTo = (pdu: Uint8Array): Uint8Array => Uint8Array.from([...pdu, 0xaa, ...pdu, ...pdu]);

/** Opens, sends each message when the answer to the one before is there, closes. */
function converse(bottle: Bottle, messages: readonly Uint8Array[]): void {
  bottle.primary.connect(0);
  expect(bottle.run(() => bottle.connected || bottle.ends.length > 0)).toBe(true);
  for (const [at, message] of messages.entries()) {
    if (bottle.ends.length > 0) break;
    bottle.primary.send(message, bottle.now);
    expect(bottle.run(() => bottle.answers.length > at || bottle.ends.length > 0)).toBe(true);
    if (bottle.ends.length === 0) expect(bottle.answers).toHaveLength(at + 1);
  }
  const sent = messages.map(toHex);
  const wanted = messages.map((message) => toHex(answerTo(message)));
  expect(bottle.served).toEqual(sent.slice(0, bottle.served.length));
  expect(bottle.answers).toEqual(wanted.slice(0, bottle.answers.length));
  if (bottle.ends.length === 0) {
    expect(bottle.answers).toEqual(wanted);
    bottle.primary.close(bottle.now);
    expect(bottle.run(() => bottle.ends.length > 0)).toBe(true);
  }
}

const message = fc.uint8Array({ minLength: 1, maxLength: 60 });
const messages = fc.array(message, { minLength: 1, maxLength: 12 });
const size = fc.record({ info: fc.integer({ min: 5, max: 128 }), window: fc.integer({ min: 1, max: 7 }) });

describe("two ends in a bottle", () => {
  it("on a good line every message arrives, whatever the sizes", () => {
    fc.assert(
      fc.property(
        messages,
        fc.record({ info: fc.integer({ min: 1, max: 200 }), window: fc.integer({ min: 1, max: 7 }) }),
        (all, limits) => {
          const bottle = new Bottle([], limits, answerTo);
          converse(bottle, all);
          expect(bottle.ends).toEqual(["disc"]);
          expect(bottle.answers).toHaveLength(all.length);
        },
      ),
    );
  });

  it("on a bad line each message is served once and in order, or the link says that it failed", () => {
    const fate = fc.oneof(
      { weight: 4, arbitrary: fc.constant<Fate>("pass") },
      { weight: 3, arbitrary: fc.constantFrom<Fate>("lose", "double", "damage", "split", "late") },
    );
    fc.assert(
      fc.property(messages, size, fc.array(fate, { maxLength: 80 }), (all, limits, fates) => {
        converse(new Bottle(fates, limits, answerTo), all);
      }),
    );
  });

  it("on a line that fails now and then everything arrives", () => {
    const fault = fc.constantFrom<Fate>("lose", "double", "damage", "split", "late");
    fc.assert(
      fc.property(
        messages,
        size,
        fc.array(fault, { maxLength: 20 }),
        fc.integer({ min: 8, max: 12 }),
        (all, limits, faults, apart) => {
          const fates = faults.flatMap((one) => [one, ...new Array<Fate>(apart).fill("pass")]);
          const bottle = new Bottle(fates, limits, answerTo);
          converse(bottle, all);
          expect(bottle.answers).toHaveLength(all.length);
        },
      ),
    );
  });

  it("so it is when the application takes longer than the client's patience", () => {
    fc.assert(
      fc.property(
        messages,
        size,
        fc.array(fc.constantFrom<Fate>("pass", "pass", "lose", "double"), { maxLength: 30 }),
        fc.integer({ min: 1, max: 3000 }),
        (all, limits, fates, slow) => {
          converse(new Bottle(fates, limits, answerTo, slow), all);
        },
      ),
    );
  });

  it("a line that is cut ends in no-answer", () => {
    const bottle = new Bottle(new Array(100).fill("lose") as Fate[], { info: 128, window: 1 }, answerTo);
    converse(bottle, [Uint8Array.of(1)]);
    expect(bottle.ends).toEqual(["no-answer"]);
    expect(bottle.now).toBe(7000);
  });
});
