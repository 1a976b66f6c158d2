import fc from "fast-check";
import { expect, it } from "vitest";
import { WaitingRequests } from "../src/waiting-requests.ts";

it("has what a map would have, whatever is added and taken", () => {
  const step = fc.record({ take: fc.boolean(), id: fc.integer({ min: 1, max: 8 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const waiting = new WaitingRequests<string>();
      const model = new Map<number, string>();
      let ids = 0;
      for (const { take, id } of steps) {
        if (take) {
          expect(waiting.take(id)).toBe(model.get(id));
          model.delete(id);
        } else {
          const next = ++ids;
          waiting.add(next, `request ${next}`);
          model.set(next, `request ${next}`);
        }
      }
      expect(waiting.takeAll()).toEqual([...model.values()]);
      expect(waiting.takeAll()).toEqual([]);
    }),
  );
});
