import { describe, expect, it } from "vitest";
import { every } from "../../../../../test/zones.ts";
import { AccountStatus, CreditStatus } from "../../../src/index.ts";
import { codeOf } from "../../a-context.ts";
import { dateTime } from "../a-life.ts";
import { aMeter } from "./a-prepayment.ts";

const [inCredit, low, , , , , out] = [0, 1, 2, 3, 4, 5, 6] as const;
const off = { year: null, month: null, day: null };

describe("Account", () => {
  it("23.1: new, active, closed, new again; other calls are refused", () => {
    const { account, use, consumption, tokenCredit, life, consume } = aMeter({ activationTime: every, credit: 500 });
    const { call } = use(account);
    const status = () => account.values.accountModeAndStatus.accountStatus;
    const methods = ["activateAccount", "closeAccount", "resetAccount"];
    const refused = () => methods.filter((one) => codeOf(() => call(one)) === "other-reason");
    life.until("2026-03-01 06:00");
    expect([status(), methods.slice(1).map((one) => codeOf(() => call(one)))]).toEqual([
      AccountStatus.new,
      ["other-reason", "other-reason"],
    ]);
    consume(5000);
    call("activateAccount");
    expect(account.values.accountActivationTime).toMatchObject({ month: 3, day: 1, hour: 6, minute: 0 });
    expect(consumption.values.lastCollectionTime).toMatchObject({ hour: 6, minute: 0 });
    expect(codeOf(() => call("activateAccount"))).toBe("other-reason");
    expect(codeOf(() => call("resetAccount"))).toBe("other-reason");
    // What was consumed before is not charged.
    consume(2000);
    life.until("2026-03-01 06:15");
    expect([tokenCredit.values.currentCreditAmount, consumption.values.totalAmountPaid]).toEqual([440, 60]);
    call("closeAccount");
    expect(account.values.accountClosureTime).toMatchObject({ hour: 6, minute: 15 });
    consume(3000);
    life.until("2026-03-01 12:00");
    expect(tokenCredit.values.currentCreditAmount).toBe(440);
    expect(refused()).toEqual(["activateAccount", "closeAccount"]);
    expect(status()).toBe(AccountStatus.new);
    expect(tokenCredit.values).toMatchObject({ currentCreditAmount: 0, creditStatus: CreditStatus.exhausted });
    expect(consumption.values).toMatchObject({ totalAmountPaid: 0, lastCollectionAmount: 0 });
    // The time at which it was activated once does not do it again.
    life.until("2026-03-02 00:00");
    expect(status()).toBe(AccountStatus.new);
  });

  it("23.1: becomes active and is closed at its times, late where the clock is set past them or the power fails", () => {
    for (const late of ["until", "noPowerUntil", "setClock"] as const) {
      const { account, life, told, use } = aMeter({ activationTime: dateTime("2026-03-02 10:00") });
      use(account).write("accountClosureTime", dateTime("2026-03-04 10:00") as never);
      life.until("2026-03-02 09:59");
      expect(account.values.accountModeAndStatus.accountStatus).toBe(AccountStatus.new);
      life[late]("2026-03-02 12:00");
      expect(account.values.accountModeAndStatus.accountStatus).toBe(AccountStatus.accountActive);
      life[late]("2026-03-04 12:00");
      expect(account.values.accountModeAndStatus.accountStatus).toBe(AccountStatus.accountClosed);
      const hour = late === "until" ? "10" : "12";
      expect(told().filter((one) => /activ|closed/.test(one))).toEqual([`${hour}:00 activated`, `${hour}:00 closed`]);
    }
  });

  it("1.1.6: a time that is partly specified is refused; one that has passed acts at once", () => {
    const { account, use, life } = aMeter({ activationTime: every });
    const { write } = use(account);
    const partly = { ...dateTime("2026-03-01 00:00"), ...off, hour: 3 };
    expect(codeOf(() => write("accountActivationTime", partly as never))).toBe("other-reason");
    expect(codeOf(() => write("accountClosureTime", partly as never))).toBe("other-reason");
    life.until("2026-03-01 01:00");
    write("accountActivationTime", dateTime("2026-02-01 00:00") as never);
    expect(account.values.accountModeAndStatus.accountStatus).toBe(AccountStatus.accountActive);
    write("accountClosureTime", dateTime("2026-02-02 00:00") as never);
    expect(account.values.accountModeAndStatus.accountStatus).toBe(AccountStatus.accountClosed);
  });

  it("23.2: shows sums of its credits and charges", () => {
    const meter = aMeter({
      credit: 700,
      warningThreshold: 200,
      emergency: { amount: 300 },
      debt: { amount: 4000, proportion: 2000 },
    });
    const { account, use, life, emergencyCredit, tokenCredit } = meter;
    const { read } = use(account);
    life.until("2026-03-01 00:01");
    expect(read("availableCredit")).toBe(700);
    expect(read("aggregatedDebt")).toBe(4000);
    expect(read("lowCreditThreshold")).toBe(200);
    expect(read("nextCreditAvailableThreshold")).toBe(0);
    expect(read("currentCreditInUse")).toBe(0);
    expect(read("amountToClear")).toBe(0);
    // Debts do not lower it, and negative amounts do not count.
    use(tokenCredit).call("setAmountToValue", -50);
    expect(read("availableCredit")).toBe(0);
    expect(read("amountToClear")).toBe(-50);
    use(emergencyCredit as never).call("invokeCredit");
    expect(read("availableCredit")).toBe(300);
    expect(read("currentCreditInUse")).toBe(1);
    expect(read("nextCreditAvailableThreshold")).toBe(-(2 ** 31));
    use(emergencyCredit as never).call("updateAmount", -100);
    expect(read("amountToClear")).toBe(-150);
  });

  it("23.3: current_credit_status has the bits of the credit in use and of the next one", () => {
    const { account, use, tokenCredit, emergencyCredit, life } = aMeter({
      credit: 700,
      warningThreshold: 200,
      emergency: { amount: 300 },
    });
    const bits = () => use(account).read("currentCreditStatus");
    life.until("2026-03-01 00:01");
    expect(bits()).toBe("10100000");
    use(tokenCredit).call("setAmountToValue", 199);
    expect(bits()).toBe("11100000");
    use(tokenCredit).call("setAmountToValue", 0);
    expect(bits()).toBe("01010010");
    use(emergencyCredit as never).call("invokeCredit");
    expect(bits()).toBe("10000100");
    use(emergencyCredit as never).call("setAmountToValue", 0);
    expect([bits()[inCredit], bits()[low], bits()[out]]).toEqual(["0", "0", "1"]);
  });

  it("23.4: out of credit the supply is disconnected and reconnected with credit again, each told once", () => {
    const { life, consume, supply, told, enter } = aMeter({ credit: 100, warningThreshold: 50 });
    life.until("2026-03-01 00:10");
    told();
    consume(2000);
    life.until("2026-03-01 00:40");
    expect([told(), supply.values.outputState]).toEqual([["00:15 low-credit"], true]);
    consume(2000);
    life.until("2026-03-01 01:00");
    expect(told()).toEqual(["00:45 out-of-credit", "00:45 disconnected"]);
    expect(supply.values).toMatchObject({ outputState: false, controlState: 2 });
    expect(enter("1 10")).toBe(3);
    expect([told(), supply.values.outputState]).toEqual([["01:00 topped-up"], false]);
    enter("2 100");
    expect(told()).toEqual(["01:00 topped-up", "01:00 in-credit", "01:00 reconnected"]);
    expect(supply.values).toMatchObject({ outputState: true, controlState: 1 });
  });

  it("23.4: the customer reconnects where the mode has it so; credit mode never disconnects", () => {
    const customer = aMeter({ credit: 100, reconnection: "customer" });
    customer.life.until("2026-03-01 00:20");
    customer.consume(5000);
    customer.life.until("2026-03-01 00:40");
    expect(customer.supply.values.controlState).toBe(2);
    customer.enter("1 1000");
    expect(customer.supply.values.controlState).toBe(2);
    const credit = aMeter({ credit: 100 });
    credit.account.values.accountModeAndStatus = { accountMode: 1, accountStatus: 1 };
    credit.life.until("2026-03-01 00:20");
    credit.consume(5000);
    credit.life.until("2026-03-01 00:40");
    expect(credit.told()).toContain("00:30 out-of-credit");
    expect(credit.supply.values.controlState).toBe(1);
  });

  it("23.4: a friendly period holds the disconnection off until it ends", () => {
    const clock = (hour: number) => ({ ...every, hour, minute: 0, second: 0, hundredths: 0 });
    const { life, consume, supply, told } = aMeter({
      credit: 100,
      friendlyPeriods: [{ startTime: clock(18), endTime: clock(8) }],
    });
    life.until("2026-03-01 20:00");
    consume(9000);
    life.until("2026-03-02 07:59");
    expect(supply.values.outputState).toBe(true);
    expect(told()).toEqual(["00:00:01.000 activated", "20:15 out-of-credit"]);
    life.until("2026-03-02 08:00");
    expect([told(), supply.values.outputState]).toEqual([["08:00 disconnected"], false]);
  });

  it("a supply that something else disconnected is not reconnected by a token", () => {
    const { life, supply, use, consume, enter } = aMeter({ credit: 100 });
    life.until("2026-03-01 00:10");
    use(supply).call("remoteDisconnect");
    use(supply).call("remoteReconnect");
    expect(supply.values.controlState).toBe(2);
    consume(9000);
    life.until("2026-03-01 00:30");
    enter("1 5000");
    expect(supply.values.controlState).toBe(2);
  });

  it("thresholds that are those of a credit are written there; shares above 100 % are refused", () => {
    const { account, use, life, tokenCredit } = aMeter({ credit: 100, warningThreshold: 40 });
    life.until("2026-03-01 00:10");
    const { write } = use(account);
    expect(codeOf(() => write("lowCreditThreshold", 40 as never))).toBe("nothing thrown");
    expect(codeOf(() => write("lowCreditThreshold", 41 as never))).toBe("other-reason");
    expect(codeOf(() => write("nextCreditAvailableThreshold", 0 as never))).toBe("other-reason");
    const share = (tokenProportion: number) => ({ creditReference: tokenCredit.instance, tokenProportion });
    expect(codeOf(() => write("tokenGatewayConfiguration", [share(60), share(50)] as never))).toBe("other-reason");
    expect(codeOf(() => write("tokenGatewayConfiguration", [share(100)] as never))).toBe("nothing thrown");
  });
});
