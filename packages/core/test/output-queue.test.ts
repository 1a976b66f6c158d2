import fc from "fast-check";
import { expect, it } from "vitest";
import { OutputQueue } from "../src/internal.ts";

it("gives what was put in, in order, as a list does", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined })), (steps) => {
      const queue = new OutputQueue<{ n: number }>();
      const list: { n: number }[] = [];
      let n = 0;
      for (const count of steps) {
        if (count === undefined) {
          expect(queue.shift()).toBe(list.shift());
          continue;
        }
        const outputs = Array.from({ length: count }, () => ({ n: n++ }));
        for (const output of outputs) queue.push(output);
        list.push(...outputs);
      }
      while (list.length > 0) expect(queue.shift()).toBe(list.shift());
      expect(queue.shift()).toBeUndefined();
    }),
  );
});
