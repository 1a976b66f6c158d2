import { T } from "@dlmskit/apdu";
import { dataObject } from "@dlmskit/cosem-objects";
import { MemoryState, type Store } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { hls5, Meter, meterTemplate } from "../src/index.ts";
import { ak, Bench, type Client, type ClientOptions, ek, protectedClient, restarted } from "./a-client.ts";

const limit = dataObject("0.0.96.1.11.255", { type: T.unsigned, value: 5 });
const template = meterTemplate({
  objects: [limit],
  associations: {
    utility: { client: 48, security: hls5({ encryptionKey: ek, authenticationKey: ak, policy: 3 }), access: "full" },
  },
});

/** A client that brings the same dedicated key each time, under which it counts from 0 each time. */
const client = (start: number): ClientOptions => ({
  client: 48,
  mechanism: 5,
  random: (length) => Uint8Array.from({ length }, (_, at) => at + 1),
  security: { ...protectedClient({}, start), dedicatedKey: true },
});

/** The counters that the meter has used under the dedicated key. */
const countersOf = (of: Client): number[] =>
  of.received
    .filter(([tag = 0]) => tag >= 0xd0 && tag <= 0xd7)
    .map((pdu) => new DataView(pdu.buffer, pdu.byteOffset).getUint32(3));

/** How many requests were refused before the first that was answered. */
async function refusedReads(of: Client): Promise<number> {
  for (let refused = 0; refused < 20; refused++) {
    const results = await of.get([1, "0.0.96.1.11.255", 2]).catch(() => []);
    if (results[0] !== undefined && "data" in results[0]) return refused;
  }
  throw new Error("no request was answered");
}

describe("one dedicated key in two associations", () => {
  it.each([
    ["in memory", false],
    ["with a store, and a server that was started again", true],
  ])("never sees a counter twice, of either end: %s", async (_, stored) => {
    const state = new MemoryState();
    const made = new Meter(template, { name: "TST0000000000001" });
    const bench = async (): Promise<Bench> => {
      if (!stored) return new Bench(made);
      const store: Store = await restarted(state);
      return new Bench(new Meter(template, { name: "TST0000000000001" }), { store });
    };
    let at = await bench();
    const first = await at.client(client(1)).open();
    expect(first.opened).toBe(true);
    for (let read = 0; read < 3; read++) expect(await refusedReads(first)).toBe(0);
    await first.set(1, "0.0.96.1.11.255", 2, { type: "unsigned", value: 7 });
    const used = countersOf(first);
    expect(used.length).toBeGreaterThanOrEqual(4);
    if (stored) at = await bench();
    const second = await at.client(client(100)).open();
    // What the client counts again is refused, until it is above.
    expect(await refusedReads(second)).toBeGreaterThanOrEqual(3);
    const again = countersOf(second);
    expect(again.length).toBeGreaterThan(0);
    expect(Math.min(...again)).toBeGreaterThan(Math.max(...used));
  });
});
