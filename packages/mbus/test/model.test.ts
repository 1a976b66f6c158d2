import { type Link, type LinkOutput, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLong, times } from "../../../test/campaign.ts";
import { MbusClientLink, MbusServerLink } from "../src/index.ts";

/**
 * What the line does to the next thing that is sent. It repeats nothing: a line of two wires does not, and a response has no number by which a
 * late copy could be told from the next response.
 */
type Fate = "pass" | "lose" | "damage" | "split";

const address = { client: 16, server: 1, physical: 5, line: "mbus" } as const;
const delay = 10;

interface Flight {
  readonly at: number;
  readonly to: Link;
  readonly octets: Uint8Array;
}

interface Scene {
  readonly fates: readonly Fate[];
  /** Octets of each request; its answer has as many. */
  readonly sizes: readonly number[];
  readonly longest: number;
  /** How long the meter works on a request, ms. */
  readonly slow: number;
  /** Whether each request has two answers. */
  readonly twice: boolean;
}

/** One request after another over a line with virtual time; what was asked, served and answered, and how the link ended. */
function run({ fates, sizes, longest, slow, twice }: Scene) {
  const client = new MbusClientLink({ ...address, address: 5, timeout: 1000, retries: 6, longest, pollFor: 5000 });
  const meter = new MbusServerLink({ addresses: [5], longest });
  const flights: Flight[] = [];
  const pending: { readonly at: number; readonly pdu: Uint8Array }[] = [];
  const asked: string[] = [];
  const served: string[] = [];
  const answers: string[] = [];
  const faults: (string | undefined)[] = [];
  let now = 0;
  let turn = 0;
  let ended = false;
  const request = (): void => {
    const size = sizes[asked.length];
    if (size === undefined) client.close(now);
    else {
      const pdu = Uint8Array.from({ length: size }, (_, at) => (at === 0 ? asked.length : at) & 0xff);
      asked.push(toHex(pdu));
      client.send(pdu, now);
    }
  };
  const fly = (to: Link, octets: Uint8Array): void => {
    const fate = fates[turn++] ?? "pass";
    const at = now + delay;
    if (fate === "lose") return;
    if (fate === "damage") {
      const damaged = octets.slice();
      const place = (turn * 7) % damaged.length;
      damaged[place] = (damaged[place] as number) ^ (1 << (turn & 7));
      flights.push({ at, to, octets: damaged });
    } else if (fate === "split") {
      const cut = Math.ceil(octets.length / 2);
      flights.push({ at, to, octets: octets.subarray(0, cut) }, { at: at + 20, to, octets: octets.subarray(cut) });
    } else flights.push({ at, to, octets });
  };
  const drain = (link: Link, to: Link, other: (output: LinkOutput) => void): void => {
    for (let output = link.poll(); output !== undefined; output = link.poll()) {
      if (output.type === "transmit") fly(to, output.octets);
      else other(output);
    }
  };
  client.connect(0);
  for (let step = 0; step < 20_000 && !ended; step++) {
    drain(client, meter, (output) => {
      if (output.type === "connected") request();
      if (output.type === "received") {
        answers.push(toHex(output.pdu));
        if (answers.length === asked.length * (twice ? 2 : 1)) request();
      }
      if (output.type === "disconnected") {
        ended = true;
        faults.push(output.fault?.code);
      }
    });
    drain(meter, client, (output) => {
      if (output.type !== "received") return;
      served.push(toHex(output.pdu));
      const answer = output.pdu.slice().reverse();
      for (let count = 0; count < (twice ? 2 : 1); count++) {
        pending.push({ at: now + slow, pdu: count === 0 ? answer : Uint8Array.of(0xee, ...answer) });
      }
    });
    flights.sort((one, other) => one.at - other.at);
    const next = Math.min(
      ...[flights[0]?.at, pending[0]?.at, client.deadline].filter((at) => at !== undefined),
      Number.POSITIVE_INFINITY,
    );
    if (next === Number.POSITIVE_INFINITY && !ended) {
      // The link rests. The association has a timeout for an answer that it misses.
      ended = true;
      faults.push("timeout");
    }
    if (ended) break;
    now = Math.max(now, next);
    const flight = flights[0];
    if (flight !== undefined && flight.at <= now) {
      flights.shift();
      flight.to.receive(flight.octets, now);
    } else if (pending[0] !== undefined && pending[0].at <= now) {
      meter.send((pending.shift() as { pdu: Uint8Array }).pdu, now, address);
    } else client.expire(now);
  }
  return { asked, served, answers, faults, ended, now };
}

const scene = fc.record<Scene>({
  fates: fc.array(fc.constantFrom<Fate>("pass", "pass", "pass", "lose", "damage", "split"), {
    maxLength: 60,
  }),
  sizes: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
  longest: fc.integer({ min: 6, max: 40 }),
  slow: fc.constantFrom(0, 5, 700),
  twice: fc.boolean(),
});

describe("a client and a meter on a bad M-Bus line", () => {
  it("each PDU is delivered once, whole and in order, or the link ends with a Fault", () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { asked, served, answers, faults, ended } = run(given);
        expect(ended).toBe(true);
        const fault = faults[0];
        expect([undefined, "no-answer", "timeout"]).toContain(fault);
        const expected = asked.flatMap((hex) => {
          const answer = toHex(Uint8Array.from(Buffer.from(hex, "hex")).reverse());
          return given.twice ? [answer, `ee${answer}`] : [answer];
        });
        // Nothing is repeated, reordered or altered.
        expect(asked.slice(0, served.length)).toEqual(served);
        expect(expected.slice(0, answers.length)).toEqual(answers);
        if (fault === undefined) {
          expect(served).toHaveLength(given.sizes.length);
          expect(answers).toEqual(expected);
        }
      }),
      { numRuns: isLong ? Math.max(10_000, times(500)) : times(500) },
    );
  });

  it("a good line needs no repetition", () => {
    const { answers, faults, now } = run({ fates: [], sizes: [1, 300, 60], longest: 20, slow: 0, twice: true });
    expect(answers).toHaveLength(6);
    expect(faults).toEqual([undefined]);
    expect(now).toBeLessThan(3000);
  });
});
