import type { DataLike } from "@dlmskit/apdu";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import type { ServiceRequest } from "../src/index.ts";
import { Bottle, energy, general, pseudoRandom } from "./bottle.ts";
import { block } from "./sequences.ts";

const profileOctets = 200_000;
const octetsOf = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, at) => (at * 7919) >> 3);

interface Line {
  readonly window: number;
  readonly streaming: boolean;
  readonly octets: number;
  /** Octets of the longest APDU. */
  readonly most: number;
  /** One APDU in so many is lost. */
  readonly oneIn: number;
  readonly seed: number;
  readonly ciphered?: boolean;
}

/** What passed of general block transfer. */
interface Count {
  blocks: number;
  repeated: number;
  lost: number;
  timeouts: number;
}

/** One request over a line that loses blocks, in either direction, until it has its response. */
function transferred(
  request: ServiceRequest,
  value: DataLike,
  line: Line,
): { bottle: Bottle; output: unknown; count: Count } {
  const { window, streaming, most, oneIn, seed, ciphered = false } = line;
  const generalBlocks = { window, streaming, prefer: "general" } as const;
  const bottle = new Bottle({
    ...{ ciphered, answer: ({ request: asked }) => (asked.service === "get" ? [{ data: value }] : ["success"]) },
    client: {
      ...{ conformance: general, maxReceivePduSize: most, generalBlocks: { ...generalBlocks, retries: 20 } },
      limits: { transferTimeout: Number.POSITIVE_INFINITY },
    },
    offer: { conformance: general, maxReceivePduSize: most, generalBlocks, maxApdu: 0x100000 },
  }).open();
  const random = pseudoRandom(seed);
  const count: Count = { blocks: 0, repeated: 0, lost: 0, timeouts: 0 };
  const seen = new Set<string>();
  let begun = false;
  bottle.tamper = (to, pdu) => {
    if (pdu[0] !== 0xe0) return [pdu];
    const { blockNumber, blockData } = block(pdu);
    if (blockData.length > 0) {
      count.blocks++;
      const name = `${to} ${blockNumber}`;
      if (seen.has(name)) count.repeated++;
      seen.add(name);
    }
    // A response whose first block is lost looks like none: the request is for its caller to repeat.
    const first = !begun && to === "client";
    begun = true;
    const drawn = random(2) as unknown as [number, number];
    if (first || (drawn[0] * 256 + drawn[1]) % oneIn > 0) return [pdu];
    count.lost++;
    return [];
  };
  const id = bottle.client.request(request, {}, 0);
  const done = () =>
    bottle.fromClient.find((one) => (one.type === "response" || one.type === "failed") && one.id === id);
  for (bottle.run(); done() === undefined; bottle.run()) {
    bottle.now = bottle.client.deadline as number;
    count.timeouts++;
    bottle.client.expire(bottle.now);
  }
  return { bottle, output: done(), count };
}

const get: ServiceRequest = { service: "get", items: [energy] };
const down = (line: Line) => {
  const value = { type: "octet-string", value: octetsOf(line.octets) } as const;
  const { output, count, bottle } = transferred(get, value, line);
  expect(output).toMatchObject({ type: "response", results: [{ data: value }] });
  expect(bottle.executed).toHaveLength(1);
  return count;
};
const up = (line: Line) => {
  const value = { type: "octet-string", value: octetsOf(line.octets) } as const;
  const set: ServiceRequest = { service: "set", items: [{ attribute: energy, value }] };
  const { output, count, bottle } = transferred(set, value, line);
  expect(output).toMatchObject({ type: "response", results: ["success"] });
  // However often its blocks came, it was written once.
  expect(bottle.executed).toMatchObject([{ request: { items: [{ value }] } }]);
  return count;
};

describe("general block transfer over a line that loses one block in ten", () => {
  const told: string[] = [];
  for (const [way, transfer] of [
    ["down", down],
    ["up", up],
  ] as const) {
    for (const streaming of [true, false]) {
      it(`200 kB ${way}, window 1 to 63, streaming ${streaming ? "on" : "off"}: complete`, () => {
        for (const window of [1, 2, 3, 5, 10, 31, 63]) {
          const count = transfer({
            window,
            streaming,
            octets: profileOctets,
            most: 1024,
            oneIn: 10,
            seed: 100 + window,
          });
          const blocks = count.blocks - count.repeated;
          // Of the profile, and one for the short answer to a SET.
          const own = Math.ceil((profileOctets + (way === "down" ? 9 : 18)) / (1024 - 9));
          expect(blocks).toBe(way === "down" ? own : own + 1);
          expect(count.lost).toBeGreaterThan(blocks / 20);
          // A block is repeated for a lost one, or for a lost acknowledgement of its window.
          expect(count.repeated).toBeLessThan(blocks * 3);
          told.push(
            `${way}, streaming ${streaming ? "on " : "off"}, window ${String(window).padStart(2)}: ${blocks} blocks, ${count.lost} APDUs lost, ${count.repeated} blocks repeated, ${count.timeouts} time-outs`,
          );
        }
      });
    }
  }

  it("says how many blocks were repeated", () => {
    console.log(told.join("\n"));
    expect(told).toHaveLength(28);
  });

  it("an acknowledgement and the answer behind it have numbers of their own", () => {
    // While the request was served it came once more: what said so took a number, and the answer must not have the same.
    up({ window: 17, streaming: true, octets: 2634, most: 60, oneIn: 5, seed: 32_768 });
  });

  it("any size, window, PDU size and loss, protected or not", () => {
    fc.assert(
      fc.property(
        fc.record({
          window: fc.integer({ min: 1, max: 63 }),
          streaming: fc.boolean(),
          octets: fc.integer({ min: 60, max: 4000 }),
          most: fc.integer({ min: 60, max: 300 }),
          oneIn: fc.integer({ min: 3, max: 20 }),
          seed: fc.integer({ min: 1, max: 0xffff }),
          ciphered: fc.boolean(),
        }),
        (line) => {
          down(line);
          up(line);
        },
      ),
      { numRuns: times(60) },
    );
  });
});
