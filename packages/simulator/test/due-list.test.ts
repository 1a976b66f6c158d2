import fc from "fast-check";
import { expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { DueList } from "../src/fleet/due-list.ts";

/** The same, told by looking at each. */
class Model {
  readonly instants = new Map<number, number>();

  get first(): number | undefined {
    return this.instants.size === 0 ? undefined : Math.min(...this.instants.values());
  }
}

type Step =
  | { readonly do: "set"; readonly index: number; readonly at: number | undefined }
  | { readonly do: "take" }
  | { readonly do: "renew"; readonly count: number };

it("gives the earliest of what was set last, each once, however often it was set anew, taken back or set again", () => {
  const step = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant("set" as const),
        index: fc.nat(40),
        at: fc.option(fc.nat(1000), { nil: undefined, freq: 9 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("take" as const) }) },
    // Enough to make it gather what is out of date.
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("renew" as const), count: fc.integer({ min: 60, max: 120 }) }),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps: readonly Step[]) => {
      const list = new DueList();
      const model = new Model();
      const take = (): void => {
        const { first } = model;
        expect(list.first).toBe(first);
        const index = list.take();
        if (first === undefined) expect(index).toBeUndefined();
        else expect(model.instants.get(index as number)).toBe(first);
        model.instants.delete(index as number);
      };
      const set = (index: number, at: number | undefined): void => {
        list.set(index, at);
        if (at === undefined) model.instants.delete(index);
        else model.instants.set(index, at);
      };
      for (const one of steps) {
        if (one.do === "take") take();
        else if (one.do === "set") set(one.index, one.at);
        else for (let at = 0; at < one.count; at++) set(41, 1000 - (at % 50));
        expect([list.size, list.first]).toEqual([model.instants.size, model.first]);
      }
      while (model.instants.size > 0) take();
      expect([list.size, list.first, list.take()]).toEqual([0, undefined, undefined]);
    }),
    { numRuns: times(300) },
  );
});
