import type { StreamedData } from "@dlmskit/apdu";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { Pacer } from "../src/runtime/pacer.ts";

const paced = { resume: () => undefined };
const octets = Uint8Array.of(1);

describe("a long answer that is paced", () => {
  const pace = (stream: Omit<StreamedData, "type">) =>
    new Pacer(new VirtualClock()).pace({ type: "streamed", ...stream }, paced) as StreamedData;

  it("is made in small steps", () => {
    const wanted: number[] = [];
    const stream = pace({
      next: (most) => {
        wanted.push(most);
        return octets;
      },
    });
    for (const most of [10, 1_000_000]) expect(stream.next(most)).toBe(octets);
    expect(wanted).toEqual([10, 2048]);
  });

  it("is closed with what makes it", () => {
    let closed = 0;
    pace({ next: () => octets, close: () => closed++ }).close?.();
    expect(closed).toBe(1);
    expect(() => pace({ next: () => octets }).close?.()).not.toThrow();
  });
});
