import { Fault } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SendWindow } from "../src/send-window.ts";

describe("the send window", () => {
  it("takes no limit from which pieces without end would come", () => {
    for (const [octets, pieces] of [
      [0, 1],
      [128, 0],
      [-1, 1],
      [128, 8],
      [2031, 1],
    ] as const) {
      expect(() => new SendWindow().reset(octets, pieces)).toThrow(Fault);
      expect(() => new SendWindow().setLimits(octets, pieces)).toThrow(Fault);
    }
  });

  it("has nothing to send for an empty message", () => {
    const window = new SendWindow();
    window.queue(new Uint8Array(0));
    expect(window.turn()).toEqual([]);
    expect(window.idle).toBe(true);
  });

  it("cuts any messages into pieces that are never empty, and never more than are needed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 5 }),
        (octets, pieces, messages) => {
          const window = new SendWindow();
          window.reset(octets, pieces);
          for (const message of messages) window.queue(message);
          const sent: number[][] = [[]];
          const atMost = messages.reduce((sum, message) => sum + Math.ceil(message.length / octets), 0);
          for (let turns = 0; !window.idle; turns++) {
            expect(turns).toBeLessThan(atMost);
            for (const { information, segmented } of window.turn()) {
              expect(information.length).toBeGreaterThan(0);
              sent.at(-1)?.push(...information);
              if (!segmented) sent.push([]);
            }
            window.acknowledge(window.sendSequence);
          }
          expect(sent.slice(0, -1)).toEqual(messages.map((message) => [...message]));
        },
      ),
    );
  });
});
