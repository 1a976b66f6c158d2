import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { every } from "../../../../../test/zones.ts";
import {
  account,
  type CreditOptions,
  CreditStatus,
  CreditType,
  credit,
  creditTransitions,
  type TokenPort,
  tokenGateway,
} from "../../../src/index.ts";
import { codeOf } from "../../a-context.ts";
import { dateTime, Life } from "../a-life.ts";
import { aMeter, octets, reach, textTokens } from "./a-prepayment.ts";

const { enabled, selectable, selectedInvoked, inUse, exhausted } = CreditStatus;
const { tokenCredit, emergencyCredit, timeBasedCredit, reservedCredit } = CreditType;

// The Blue Book's table (4.6.3) once more, as data: letter, from, to.
const table = [
  ["A", enabled, selectable],
  ["B", selectable, selectedInvoked],
  ["C", selectedInvoked, inUse],
  ["D", inUse, exhausted],
  ["E", exhausted, enabled],
  ["F", selectable, enabled],
  ["G", selectedInvoked, enabled],
  ["H", inUse, enabled],
  ["I", enabled, inUse],
  ["J", enabled, selectedInvoked],
] as const;

/** Credits of an active account without charges, and each status that they take. */
function setup(options: readonly CreditOptions[], tokens: TokenPort = textTokens) {
  const credits = options.map((one, at) => credit(`0.0.19.10.${at}.255`, one));
  const holder = account("0.0.19.0.0.255", { credits, charges: [], currency: { name: "EUR", scale: -2 } });
  const gateway = tokenGateway("0.0.19.40.0.255", { tokens });
  const life = new Life([holder, ...credits, gateway], "2026-03-01 00:00");
  const walked: { at: number; from: number; to: number }[] = [];
  const { set } = life.context.device;
  life.context.device.set = ((object: { values: { creditStatus: number } }, name: unknown, value: unknown) => {
    if (name === "creditStatus") {
      walked.push({ at: credits.indexOf(object as never), from: object.values.creditStatus, to: value as number });
    }
    return set(object as never, name as never, value as never);
  }) as never;
  const use = (at: number) => reach(credits[at] as never, () => life.of(credits[at] as never));
  reach(holder, () => life.of(holder)).call("activateAccount");
  const enter = (text: string) => {
    reach(gateway, () => life.of(gateway)).call("enter", octets(text));
    return gateway.values.tokenStatus.statusCode;
  };
  const states = () => credits.map(({ values }) => values.creditStatus);
  const amounts = () => credits.map(({ values }) => values.currentCreditAmount);
  return { credits, holder, life, walked, use, enter, states, amounts };
}

const main: CreditOptions = { creditType: tokenCredit, priority: 1, currentCreditAmount: 100 };
const emergency: CreditOptions = {
  ...{ creditType: emergencyCredit, priority: 2, presetCreditAmount: 500 },
  configuration: { requiresConfirmation: true, requiresPayBack: true },
};

describe("Credit", () => {
  it("23: its transitions are those of the table", () => {
    const declared = creditTransitions.map(({ letter, from, to }) => [letter, from, to]);
    expect([...declared, ["B", selectable, selectedInvoked]].sort()).toEqual(table.map((one) => [...one]).sort());
  });

  it("23 A B C D: emergency credit is offered, selected by the customer, used and exhausted", () => {
    const { states, use, amounts } = setup([main, { ...emergency, creditAvailableThreshold: 50 }]);
    expect(states()).toEqual([inUse, enabled]);
    use(0).call("updateAmount", -50);
    expect(states()).toEqual([inUse, selectable]);
    use(1).call("invokeCredit");
    expect([states(), amounts()]).toEqual([
      [inUse, selectedInvoked],
      [50, 500],
    ]);
    use(0).call("updateAmount", -50);
    expect(states()).toEqual([exhausted, inUse]);
    use(1).call("updateAmount", -500);
    expect([states(), amounts()]).toEqual([
      [exhausted, exhausted],
      [0, 0],
    ]);
  });

  it("23 E F G H I: a credit of a higher priority comes back, and what was offered or selected is enabled again", () => {
    const { states, use, amounts } = setup([main, { ...emergency, creditAvailableThreshold: 50 }]);
    use(0).call("updateAmount", -60);
    use(0).call("updateAmount", 60);
    expect(states()).toEqual([inUse, enabled]);
    use(0).call("updateAmount", -60);
    use(1).call("invokeCredit");
    // G: its own 500 do not count, so it does not flutter.
    use(0).call("updateAmount", 5);
    expect(states()).toEqual([inUse, selectedInvoked]);
    use(0).call("updateAmount", 60);
    expect(states()).toEqual([inUse, enabled]);
    use(0).call("setAmountToValue", 0);
    expect(states()).toEqual([exhausted, selectable]);
    use(1).call("invokeCredit");
    // The preset amount is added once.
    expect([states(), amounts()]).toEqual([
      [exhausted, inUse],
      [0, 500],
    ]);
    use(0).call("updateAmount", 100);
    expect(states()).toEqual([inUse, enabled]);
  });

  it("23 I J: without a confirmation the next credit takes over by itself, with its preset amount once it is in use", () => {
    const own = { ...emergency, configuration: { requiresPayBack: true }, creditAvailableThreshold: 20 };
    const { states, use, amounts } = setup([main, own]);
    use(0).call("updateAmount", -80);
    expect([states(), amounts()]).toEqual([
      [inUse, selectedInvoked],
      [20, 0],
    ]);
    use(0).call("updateAmount", -20);
    expect([states(), amounts()]).toEqual([
      [exhausted, inUse],
      [0, 500],
    ]);
  });

  it("23 C: a threshold of 0 or less ends the use of a credit before its limit", () => {
    const { states, use } = setup([{ ...main, limit: -300 }, emergency]);
    use(0).call("setAmountToValue", 0);
    expect(states()).toEqual([inUse, selectable]);
    use(1).call("invokeCredit");
    expect(states()).toEqual([exhausted, inUse]);
    // Emergency credit used up: what the first one may still lend.
    use(1).call("setAmountToValue", 0);
    expect(states()).toEqual([inUse, exhausted]);
    use(0).call("setAmountToValue", -300);
    expect(states()).toEqual([exhausted, exhausted]);
  });

  it("23.1: time-based credit begins anew with its preset amount at each period, once also where the clock is set back", () => {
    const monthly = { ...every, day: 1, hour: 0, minute: 0, second: 0, hundredths: 0 };
    const period = { creditType: timeBasedCredit, presetCreditAmount: 900, period: monthly, priority: 1 };
    const { use, life, amounts } = setup([period]);
    use(0).call("setAmountToValue", 7);
    life.until("2026-03-31 23:59");
    expect(amounts()).toEqual([7]);
    life.until("2026-04-01 00:00");
    expect(amounts()).toEqual([900]);
    use(0).call("setAmountToValue", 8);
    life.setClock("2026-03-31 20:00");
    life.until("2026-04-01 12:00");
    expect(amounts()).toEqual([8]);
    life.noPowerUntil("2026-07-02 12:00");
    expect(amounts()).toEqual([900]);
    use(0).call("setAmountToValue", 9);
    use(0).write("period", dateTime("2026-07-05 00:00") as never);
    life.until("2027-07-05 00:00");
    expect(amounts()).toEqual([900]);
  });

  it("23.2: methods; one that does not fit is refused", () => {
    const { use, amounts, states } = setup([main, emergency]);
    expect(use(0).call("setAmountToValue", 70)).toBe(100);
    use(0).call("updateAmount", -30);
    expect(amounts()).toEqual([40, 0]);
    expect(codeOf(() => use(0).call("updateAmount", 2 ** 31 - 1))).toBe("other-reason");
    expect(amounts()).toEqual([40, 0]);
    // Enabled: not offered.
    expect(codeOf(() => use(1).call("invokeCredit"))).toBe("other-reason");
    expect(states()).toEqual([inUse, enabled]);
    expect(codeOf(() => use(0).call("invokeCredit"))).toBe("nothing thrown");
    const always = setup([main, { ...emergency, creditAvailableThreshold: 200, invokeFrom: [enabled, selectable] }]);
    always.use(1).call("invokeCredit");
    expect(always.states()).toEqual([inUse, selectedInvoked]);
  });

  it("23.3: a token pays emergency credit back first, at most up to its preset amount", () => {
    const { use, enter, amounts, states } = setup([main, emergency]);
    use(0).call("setAmountToValue", -20);
    use(1).call("invokeCredit");
    use(1).call("updateAmount", -300);
    expect(enter("1 200")).toBe(3);
    expect(amounts()).toEqual([-20, 400]);
    expect(enter("2 150")).toBe(3);
    expect([amounts(), states()]).toEqual([
      [30, 500],
      [inUse, enabled],
    ]);
  });

  it("23.3: shares of a token come first, whatever is needed elsewhere", () => {
    const spare: CreditOptions = { creditType: reservedCredit, priority: 3, configuration: { receivesTokens: true } };
    const { holder, life, use, enter, amounts } = setup([main, emergency, spare]);
    const shares = [{ creditReference: "0.0.19.10.0.255", tokenProportion: 25 }];
    reach(holder, () => life.of(holder)).write("tokenGatewayConfiguration", shares as never);
    // The lowest priority that is in use or exhausted takes the rest.
    use(0).call("setAmountToValue", 10);
    expect(enter("1 101")).toBe(3);
    expect(amounts()).toEqual([111, 0, 0]);
    use(2).call("updateAmount", 0);
    use(0).call("setAmountToValue", 0);
    use(2).call("setAmountToValue", -5);
    use(1).call("invokeCredit");
    use(1).call("setAmountToValue", 480);
    expect(enter("2 100")).toBe(3);
    expect(amounts()[0]).toBe(25);
    expect(amounts().reduce((sum, one) => sum + one, 0)).toBe(0 - 5 + 480 + 100);
  });

  it("23.3: a token that no credit takes credits nothing", () => {
    const { enter, amounts } = setup([{ ...main, configuration: { receivesTokens: false } }, emergency]);
    expect(enter("1 100")).toBe(7);
    expect(amounts()).toEqual([100, 0]);
    const full = setup([{ ...main, currentCreditAmount: 2 ** 31 - 10 }]);
    expect(full.enter("1 100")).toBe(7);
    expect(full.enter("1 9")).toBe(3);
  });

  it("property: any walk follows the table, one credit is in use, and it comes to rest", () => {
    const amount = fc.integer({ min: -400, max: 400 });
    const options = fc.array(
      fc.record({
        creditType: fc.constantFrom(tokenCredit, emergencyCredit, reservedCredit),
        currentCreditAmount: amount,
        limit: fc.integer({ min: -200, max: 100 }),
        presetCreditAmount: fc.integer({ min: 0, max: 300 }),
        creditAvailableThreshold: fc.integer({ min: -100, max: 200 }),
        configuration: fc.record({
          requiresConfirmation: fc.boolean(),
          requiresPayBack: fc.boolean(),
          receivesTokens: fc.boolean(),
        }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const step = fc.tuple(
      fc.nat(3),
      fc.constantFrom("updateAmount", "setAmountToValue", "invokeCredit", "limit", "token"),
      amount,
    );
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 25 }), (given, steps) => {
        const meter = setup(given.map((one, at) => ({ ...one, priority: at + 1 })));
        const check = (): void => {
          for (const { from, to } of meter.walked.splice(0)) {
            expect(table.some(([, before, behind]) => before === from && behind === to)).toBe(true);
          }
          const all = meter.credits.map(({ values }) => values);
          const used = all.filter(({ creditStatus }) => creditStatus === inUse);
          expect(used.length).toBeLessThanOrEqual(1);
          for (const { currentCreditAmount, limit } of used) expect(currentCreditAmount).toBeGreaterThan(limit);
          // Nothing that could be used by itself is left aside while nothing is in use.
          const ready = all.filter(
            ({ creditStatus, creditConfiguration, currentCreditAmount, limit }) =>
              currentCreditAmount > limit &&
              (creditStatus === selectedInvoked || (creditStatus === enabled && creditConfiguration[1] === "0")),
          );
          if (used.length === 0) expect(ready).toEqual([]);
          // At rest: to settle once more changes nothing.
          const before = meter.states();
          meter.use(0).call("updateAmount", 0);
          expect(meter.states()).toEqual(before);
          expect(meter.walked).toEqual([]);
        };
        check();
        for (const [index, [which, what, value]] of steps.entries()) {
          const { call, write } = meter.use(which % given.length);
          if (what === "limit") write("limit", value as never);
          else if (what === "token") meter.enter(`${index} ${Math.abs(value) + 1}`);
          else codeOf(() => call(what, value));
          check();
        }
      }),
    );
  });
});

describe("Credit in a meter", () => {
  it("leaves the supply on while emergency credit lasts, and warns again with each fall", () => {
    const {
      life,
      consume,
      supply,
      told,
      use,
      emergencyCredit: second,
    } = aMeter({
      credit: 100,
      warningThreshold: 50,
      emergency: { amount: 60 },
    });
    life.until("2026-03-01 00:01");
    told();
    consume(4000);
    life.until("2026-03-01 00:15");
    expect(told()).toEqual(["00:15 low-credit", "00:15 out-of-credit", "00:15 disconnected"]);
    use(second as never).call("invokeCredit");
    expect([told(), supply.values.outputState]).toEqual([
      ["00:15 emergency-credit", "00:15 in-credit", "00:15 reconnected"],
      true,
    ]);
    consume(2000);
    life.until("2026-03-01 00:30");
    expect(told()).toEqual(["00:30 out-of-credit", "00:30 disconnected"]);
  });
});
