import type { GeneralBlockTransfer } from "@dlmskit/apdu";
import { describe, expect, it } from "vitest";
import { PushSources } from "../src/listen/push-gateway.ts";

const block = (blockNumber: number, octets: number, lastBlock = false) =>
  ({ blockNumber, lastBlock, blockData: new Uint8Array(octets).fill(blockNumber) }) as GeneralBlockTransfer;
const from = (client: number) => ({ client, server: 1 });

describe("the blocks of the pushes of one connection", () => {
  it("are joined by source, also when the blocks of several sources come in turn", () => {
    const sources = new PushSources(1000);
    for (const client of [1, 2, 3]) expect(sources.add(from(client), block(1, client), 0)).toBeUndefined();
    for (const client of [3, 1, 2]) {
      expect(sources.add(from(client), block(2, 1, true), 0)?.length).toBe(client + 1);
    }
    expect(sources.memory).toBe(0);
  });

  it("take no more memory than four pushes, whoever sends them: the oldest are dropped", () => {
    const sources = new PushSources(1000);
    for (let client = 0; client < 5000; client++) {
      sources.add(from(client), block(1, 700), 0);
      expect(sources.memory).toBeLessThanOrEqual(4000);
    }
    expect(() => sources.add(from(0), block(2, 1, true), 0)).toThrow(expect.objectContaining({ code: "bad-block" }));
    expect(sources.add(from(4999), block(2, 1, true), 0)?.length).toBe(701);
    // Blocks without octets take memory as well.
    for (let client = 0; client < 5000; client++) sources.add(from(client), block(1, 0), 0);
    expect(sources.memory).toBeLessThanOrEqual(4000);
  });

  it("in blocks of one octet take no more memory either", () => {
    const sources = new PushSources(1000);
    for (let at = 1; at < 900; at++) {
      for (const client of [1, 2, 3]) {
        try {
          sources.add(from(client), block(at, 1), 0);
        } catch {}
        expect(sources.memory).toBeLessThanOrEqual(4000);
      }
    }
  });

  it("are dropped after 5 s of silence", () => {
    const sources = new PushSources(1000);
    sources.add(from(1), block(1, 5), 0);
    sources.add(from(1), block(2, 5), 5000);
    expect(sources.add(from(1), block(3, 5, true), 10_000)?.length).toBe(15);
    sources.add(from(1), block(1, 5), 20_000);
    expect(() => sources.add(from(1), block(2, 5, true), 25_001)).toThrow(
      expect.objectContaining({ code: "bad-block" }),
    );
  });
});
