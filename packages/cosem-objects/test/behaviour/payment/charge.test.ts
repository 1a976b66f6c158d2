import { describe, expect, it } from "vitest";
import { ChargeType, charge, type PrepaymentOptions, registerActivation } from "../../../src/index.ts";
import { codeOf } from "../../a-context.ts";
import { dateTime } from "../a-life.ts";
import { aMeter, octets } from "./a-prepayment.ts";

const standing = { value: 7, period: 3600 };
const collected = ({ values }: { values: { totalAmountPaid: number } }): number => values.totalAmountPaid;

describe("Charge", () => {
  it("23.5: consumption at the end of each period, whole units, the fractions of unit and amount carried on", () => {
    // 0.333 for a kWh, counted in cents.
    const { life, consume, consumption, tokenCredit } = aMeter({
      credit: 1000,
      price: { value: 333, scale: -3, per: 3 },
    });
    life.until("2026-03-01 00:10");
    const paid: number[] = [];
    for (const [wh, until] of [
      [999, "00:15"],
      [1, "00:30"],
      [2600, "00:45"],
      [400, "01:00"],
      [0, "01:15"],
    ] as const) {
      consume(wh);
      life.until(`2026-03-01 ${until}`);
      paid.push(collected(consumption));
    }
    // 0; 33.3; + 66.6; + 33.3 (400 Wh make the third unit whole).
    expect(paid).toEqual([0, 33, 99, 133, 133]);
    expect(tokenCredit.values.currentCreditAmount).toBe(1000 - 133);
    expect(consumption.values.lastCollectionAmount).toBe(34);
    expect(consumption.values.lastCollectionTime).toMatchObject({ hour: 1, minute: 0 });
  });

  it("23.5: a price for less than the register counts is for each of its counts as many times", () => {
    const { life, energy, consumption } = aMeter({ credit: 10_000, price: { value: 2, scale: -2, per: 1 } });
    energy.values.scalerUnit = { scaler: 3, unit: "Wh" };
    life.until("2026-03-01 00:10");
    energy.values.value += 3;
    life.until("2026-03-01 00:15");
    // 3 kWh are 300 times 10 Wh.
    expect(collected(consumption)).toBe(600);
  });

  it("a register that was reset begins anew; one whose value cannot be charged for is told, and counted later", () => {
    const { life, energy, consume, consumption } = aMeter({ credit: 1000 });
    life.until("2026-03-01 00:10");
    consume(-500);
    life.until("2026-03-01 00:15");
    consume(1000);
    life.until("2026-03-01 00:30");
    expect(collected(consumption)).toBe(30);
    const value = energy.values.value;
    energy.values.value = 0.5 as never;
    life.until("2026-03-01 00:45");
    expect(life.failed).toEqual([`the collection of ${consumption.instance}`]);
    energy.values.value = value + 2000;
    life.until("2026-03-01 01:00");
    expect(collected(consumption)).toBe(90);
  });

  it("23.5: the price of the active tariff, and tariffs change between two collections", () => {
    const activation = registerActivation("0.0.14.0.0.255", {
      masks: ["day", "night"].map((name) => ({ maskName: octets(name), indexList: [] })),
      activeMask: octets("night"),
    });
    const { life, consume, consumption } = aMeter(
      { credit: 10_000, tariff: activation.instance, price: { value: { day: 30, night: 20 }, scale: -2, per: 3 } },
      [activation],
    );
    life.until("2026-03-01 05:50");
    consume(1000);
    life.until("2026-03-01 06:00");
    expect(collected(consumption)).toBe(20);
    activation.values.activeMask = octets("day");
    consume(1000);
    life.until("2026-03-01 06:15");
    expect(collected(consumption)).toBe(50);
    activation.values.activeMask = octets("weekend");
    consume(1000);
    life.until("2026-03-01 06:30");
    expect([collected(consumption), life.failed]).toEqual([50, [`the collection of ${consumption.instance}`]]);
    activation.values.activeMask = octets("day");
    life.until("2026-03-01 06:45");
    expect(collected(consumption)).toBe(80);
  });

  it("23.5: a time-based charge takes its price for each period, all that passed without power or under a clock set forward", () => {
    const { life, standingCharge: own } = aMeter({ credit: 10_000, standing });
    life.until("2026-03-01 03:30");
    expect(own && collected(own)).toBe(21);
    life.noPowerUntil("2026-03-01 08:10");
    expect(own && collected(own)).toBe(56);
    life.setClock("2026-03-01 12:10");
    expect(own && collected(own)).toBe(84);
    life.until("2026-03-01 13:05");
    expect(own && collected(own)).toBe(91);
  });

  it("23.5: a clock that was set back collects no period twice; with `restart` periods begin anew", () => {
    const run = (more: Partial<PrepaymentOptions>) => {
      const { life, standingCharge: own } = aMeter({ credit: 10_000, standing, ...more });
      life.until("2026-03-01 06:30");
      life.setClock("2026-03-01 03:30");
      const paid = [own && collected(own)];
      life.until("2026-03-01 06:45");
      paid.push(own && collected(own));
      life.until("2026-03-01 07:30");
      return [...paid, own && collected(own)];
    };
    expect(run({})).toEqual([42, 42, 49]);
    expect(run({ setBack: "restart" })).toEqual([42, 63, 70]);
  });

  it("periods are elapsed time: an hour that daylight saving repeats or skips counts as it passes", () => {
    const days = (from: string, to: string) => {
      const { life, standingCharge: own } = aMeter({ credit: 10_000, standing }, [], from);
      life.until(to);
      return own && collected(own) / 7;
    };
    expect(days("2026-03-28 23:00", "2026-03-29 23:01")).toBe(23);
    expect(days("2026-10-24 23:00", "2026-10-25 23:01")).toBe(25);
  });

  it("23.5: a payment event takes its share of each token, or a fixed sum", () => {
    const { enter, life, debtCharge, tokenCredit } = aMeter({ debt: { amount: 1000, proportion: 2550 } });
    life.until("2026-03-01 00:10");
    expect(enter("1 1001")).toBe(3);
    expect(debtCharge?.values).toMatchObject({ totalAmountPaid: 255, totalAmountRemaining: 745 });
    expect(tokenCredit.values.currentCreditAmount).toBe(746);
    const fee = charge("0.0.19.20.9.255", {
      chargeType: ChargeType.paymentEventBasedCollection,
      ...{ priority: 4, price: 50, priceScale: -2 },
    });
    const other = aMeter({}, [fee]);
    other.account.values.chargeReferenceList = [...other.account.values.chargeReferenceList, fee.instance];
    other.life.until("2026-03-01 00:10");
    other.enter("1 1000");
    expect([collected(fee), other.tokenCredit.values.currentCreditAmount]).toEqual([50, 950]);
    other.use(fee).call("collect");
    expect(collected(fee)).toBe(100);
  });

  it("23.7: max_provision limits what payment events take in its period", () => {
    const { enter, life, account, debtCharge } = aMeter({ debt: { amount: 10_000, proportion: 5000 } });
    Object.assign(account.values, { maxProvision: 300, maxProvisionPeriod: 86_400 });
    life.until("2026-03-01 10:00");
    const paid: (number | undefined)[] = [];
    for (const [token, until] of [
      ["1 400", "2026-03-01 12:00"],
      ["2 400", "2026-03-02 09:59"],
      ["3 400", "2026-03-02 10:00"],
      ["4 400", "2026-03-02 11:00"],
    ] as const) {
      enter(token);
      paid.push(debtCharge?.values.totalAmountPaid);
      life.until(until);
    }
    expect(paid).toEqual([200, 300, 300, 500]);
  });

  it("23.6: what remains falls to 0, the last collection is clipped, and nothing more is taken", () => {
    const { enter, life, debtCharge, tokenCredit, use } = aMeter({ debt: { amount: 300, proportion: 5000 } });
    life.until("2026-03-01 00:10");
    enter("1 400");
    enter("2 400");
    enter("3 400");
    expect(debtCharge?.values).toMatchObject({
      totalAmountPaid: 300,
      totalAmountRemaining: 0,
      lastCollectionAmount: 100,
    });
    expect(tokenCredit.values.currentCreditAmount).toBe(900);
    const { call } = use(debtCharge as never);
    call("setTotalAmountRemaining", 50);
    call("updateTotalAmountRemaining", 20);
    expect(debtCharge?.values.totalAmountRemaining).toBe(70);
    expect(codeOf(() => call("setTotalAmountRemaining", -1))).toBe("other-reason");
    expect(codeOf(() => call("updateTotalAmountRemaining", -71))).toBe("other-reason");
    expect(debtCharge?.values.totalAmountRemaining).toBe(70);
  });

  it("23.4: a charge that may not be collected as things are waits", () => {
    const { life, consume, account, consumption, standingCharge, tokenCredit, supply, use } = aMeter({
      credit: 100,
      standing: { value: 7, period: 900 },
    });
    const rule = (bits: string, at: { instance: string }) => ({
      creditReference: tokenCredit.instance,
      chargeReference: at.instance,
      collectionConfiguration: bits,
    });
    // The standing charge is not collected while the supply is disconnected.
    account.values.creditChargeConfiguration = [rule("100", consumption), rule("000", standingCharge as never)];
    life.until("2026-03-01 00:14");
    consume(4000);
    life.until("2026-03-01 01:00");
    expect(supply.values.outputState).toBe(false);
    expect([collected(consumption), standingCharge && collected(standingCharge)]).toEqual([120, 0]);
    use(tokenCredit).call("updateAmount", 200);
    // Reconnected: what waited is collected with the next thing that is due.
    life.until("2026-03-01 01:15");
    expect(standingCharge && collected(standingCharge)).toBe(28);
    // Without a pair it is not collected from that credit at all.
    account.values.creditChargeConfiguration = [rule("100", consumption)];
    life.until("2026-03-01 03:00");
    expect(standingCharge && collected(standingCharge)).toBe(28);
  });

  it("23.4: of charges that are due at one instant, priority 1 is collected first", () => {
    const order = (priority: number) => {
      const activationTime = dateTime("2026-03-01 00:15");
      const { life, consume, consumption, standingCharge } = aMeter({
        ...{ credit: 1000, activationTime },
        standing: { value: 7, period: 900 },
      });
      Object.assign(standingCharge?.values ?? {}, { priority });
      const { set } = life.context.device;
      const paid: unknown[] = [];
      life.context.device.set = ((object: unknown, name: unknown, value: unknown) => {
        if (name === "totalAmountPaid") paid.push(object === consumption ? "consumption" : "standing");
        return set(object as never, name as never, value as never);
      }) as never;
      life.until("2026-03-01 00:20");
      consume(1000);
      life.until("2026-03-01 00:30");
      return paid;
    };
    expect(order(2)).toEqual(["consumption", "standing"]);
    expect(order(0)).toEqual(["standing", "consumption"]);
  });

  it("23.6: the passive prices are changed by index and become active by a call or at their time", () => {
    const { consumption, use, life, consume } = aMeter({ credit: 10_000 });
    const { call, write } = use(consumption);
    const prices = (of: "unitChargeActive" | "unitChargePassive") =>
      consumption.values[of].chargeTable.map(
        ({ index, chargePerUnit }) => `${String.fromCharCode(...index)}=${chargePerUnit}`,
      );
    call("updateUnitCharge", [
      { index: octets(""), chargePerUnit: 40 },
      { index: octets("night"), chargePerUnit: 10 },
    ]);
    expect([prices("unitChargeActive"), prices("unitChargePassive")]).toEqual([["=30"], ["=40", "night=10"]]);
    life.until("2026-03-01 00:10");
    consume(1000);
    // What was consumed before costs what it cost.
    write("unitChargeActivationTime", dateTime("2026-03-01 00:20") as never);
    life.until("2026-03-01 00:18");
    consume(1000);
    life.until("2026-03-01 00:25");
    expect([prices("unitChargeActive"), collected(consumption)]).toEqual([["=40", "night=10"], 60]);
    consume(1000);
    life.until("2026-03-01 00:30");
    expect(collected(consumption)).toBe(100);
    call("updateUnitCharge", [{ index: octets(""), chargePerUnit: 50 }]);
    consume(1000);
    call("activatePassiveUnitCharge");
    consume(1000);
    life.until("2026-03-01 00:45");
    expect(collected(consumption)).toBe(190);
    expect(
      codeOf(() => write("unitChargeActivationTime", { ...dateTime("2026-03-01 00:20"), day: null } as never)),
    ).toBe("other-reason");
  });

  it("23.6: `collect` is not for consumption; of a time-based charge it begins a period anew", () => {
    const { consumption, standingCharge, use, life, account } = aMeter({ credit: 10_000, standing });
    const { call } = use(standingCharge as never);
    life.until("2026-03-01 00:30");
    expect(codeOf(() => use(consumption).call("collect"))).toBe("other-reason");
    call("collect");
    expect(standingCharge && collected(standingCharge)).toBe(7);
    life.until("2026-03-01 01:29");
    expect(standingCharge && collected(standingCharge)).toBe(7);
    life.until("2026-03-01 01:30");
    expect(standingCharge && collected(standingCharge)).toBe(14);
    use(account).call("closeAccount");
    expect(codeOf(() => call("collect"))).toBe("other-reason");
  });
});
