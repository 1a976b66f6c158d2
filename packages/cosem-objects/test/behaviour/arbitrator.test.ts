import { describe, expect, it } from "vitest";
import { arbitrator } from "../../src/index.ts";
import { codeOf } from "../a-context.ts";
import { Life, script } from "./a-life.ts";

function deciding() {
  const judge = arbitrator("0.0.96.3.20.255", {
    actions: [script(1), script(2), script(3)],
    permissions: ["111", "110", "011"],
    weightings: [
      [1, 1, 1],
      [3, 1, 9],
      [9, 1, 2],
    ],
  });
  const life = new Life([judge], "2026-03-02 10:00");
  const ask = (requestActor: number, requestActionList: string) => {
    judge.hooks.invoke?.requestAction?.(judge.values, { requestActor, requestActionList }, life.of(judge));
    return [judge.values.lastOutcome, ...life.ran().map((one) => Number(one.split(" ").at(-1)))];
  };
  return { judge, life, ask };
}

describe("Arbitrator", () => {
  it("22.1: the action with the highest sum of weights is run, at every request anew", () => {
    const { ask } = deciding();
    expect(ask(1, "100")).toEqual([1, 1]);
    expect(ask(1, "100")).toEqual([1, 1]);
    // 1 against 1 + 1.
    expect(ask(2, "010")).toEqual([0]);
    expect(ask(1, "110")).toEqual([2, 2]);
  });

  it("22.1: what an actor may not ask for does not count, and its request is stored without it", () => {
    const { judge, ask } = deciding();
    expect(ask(2, "001")).toEqual([0]);
    expect(ask(3, "110")).toEqual([2, 2]);
    expect(judge.values.mostRecentRequestsTable).toEqual(["000", "000", "010"]);
  });

  it("22.1: the only action there is is not run when nobody asks for it", () => {
    const judge = arbitrator("0.0.96.3.20.255", { actions: [script(1)], permissions: ["1"], weightings: [[5]] });
    const life = new Life([judge], "2026-03-02 10:00");
    const ask = (requestActionList: string) => {
      judge.hooks.invoke?.requestAction?.(judge.values, { requestActor: 1, requestActionList }, life.of(judge));
      return [judge.values.lastOutcome, life.ran().length];
    };
    expect([ask("0"), ask("1"), ask("0")]).toEqual([
      [0, 0],
      [1, 1],
      [0, 0],
    ]);
  });

  it("22.1: a new request replaces the one before, all zeros withdraw it; a tie and none are outcome 0", () => {
    const { judge, ask } = deciding();
    expect(ask(1, "110")).toEqual([0]);
    expect(ask(1, "010")).toEqual([2, 2]);
    expect(ask(1, "000")).toEqual([0]);
    expect(judge.values.mostRecentRequestsTable).toEqual(["000", "000", "000"]);
  });

  it("22.1: an unknown actor and a list of another length are refused, and nothing changes", () => {
    const { judge, ask } = deciding();
    ask(1, "001");
    for (const [actor, list] of [
      [0, "100"],
      [4, "100"],
      [1, "10"],
    ] as const) {
      expect(codeOf(() => ask(actor, list))).toBe("other-reason");
    }
    expect([judge.values.mostRecentRequestsTable[0], judge.values.lastOutcome]).toEqual(["001", 3]);
  });

  it("22.1: reset clears requests and outcome", () => {
    const { judge, life, ask } = deciding();
    ask(1, "001");
    judge.hooks.invoke?.reset?.(judge.values, 0, life.of(judge));
    expect([judge.values.mostRecentRequestsTable, judge.values.lastOutcome]).toEqual([["000", "000", "000"], 0]);
  });
});
