import { describe, expect, it } from "vitest";
import { refuse, type TokenReading, tokenGateway } from "../../../src/index.ts";
import { codeOf } from "../../a-context.ts";
import { Life } from "../a-life.ts";
import { aMeter, octets, reach, textTokens } from "./a-prepayment.ts";

describe("Token gateway", () => {
  it("23.7: a token is stored with time and delivery; the status is that of the step that failed", () => {
    const { enter, gateway, tokenCredit, life } = aMeter();
    life.until("2026-03-01 10:00");
    expect(enter("nothing")).toBe(4);
    expect(gateway.values.tokenStatus.dataValue).toBe("101");
    expect(gateway.values.tokenTime).toMatchObject({ hour: 10, minute: 0 });
    expect(gateway.values.token).toEqual(octets("nothing"));
    // Entered at the meter itself.
    expect(gateway.values.tokenDeliveryMethod).toBe(2);
    expect(enter("forged")).toBe(5);
    expect(enter("7 500")).toBe(3);
    expect(enter("7 500")).toBe(6);
    expect(enter("8 0")).toBe(7);
    expect([enter("broken"), life.failed]).toEqual([7, [`the token in ${gateway.instance}`]]);
    expect(tokenCredit.values.currentCreditAmount).toBe(500);
  });

  it("23.7: nothing is credited to an account that is not active, and the token is not used up", () => {
    const { enter, account, use, tokenCredit, life } = aMeter();
    expect(enter("1 500")).toBe(6);
    life.until("2026-03-01 00:01");
    expect(enter("1 500")).toBe(3);
    use(account).call("closeAccount");
    expect(enter("2 500")).toBe(6);
    expect(tokenCredit.values.currentCreditAmount).toBe(500);
  });

  it("replay: used tokens are refused for ever, those forgotten by their age", () => {
    const { account, life } = aMeter();
    const gateway = tokenGateway("0.0.19.40.1.255", { tokens: textTokens, account: account.instance, remembered: 3 });
    life.until("2026-03-01 00:01");
    const enter = (text: string) => {
      reach(gateway, () => life.of(gateway)).call("enter", octets(text));
      return gateway.values.tokenStatus.statusCode;
    };
    expect([10, 30, 20, 40].map((identifier) => enter(`${identifier} 1`))).toEqual([3, 3, 3, 3]);
    expect([10, 20, 30, 40, 5].map((identifier) => enter(`${identifier} 1`))).toEqual([6, 6, 6, 6, 6]);
    expect([25, 41].map((identifier) => enter(`${identifier} 1`))).toEqual([3, 3]);
    expect(enter("20 1")).toBe(6);
  });

  it("23.7: with a processing time the status is 8 meanwhile, and no other token is taken", () => {
    const own = aMeter();
    const gateway = tokenGateway("0.0.19.40.1.255", {
      tokens: textTokens,
      account: own.account.instance,
      processingTime: 4000,
    });
    const life = new Life([own.energy, ...own.objects, gateway], "2026-03-01 00:00");
    const { call } = reach(gateway, () => life.of(gateway));
    life.until("2026-03-01 00:01");
    call("enter", octets("1 500"));
    expect(gateway.values.tokenStatus.statusCode).toBe(8);
    expect(codeOf(() => call("enter", octets("2 500")))).toBe("temporary-failure");
    life.until(life.context.now + 3999);
    expect([gateway.values.tokenStatus.statusCode, own.tokenCredit.values.currentCreditAmount]).toEqual([8, 0]);
    life.until(life.context.now + 1);
    expect([gateway.values.tokenStatus.statusCode, own.tokenCredit.values.currentCreditAmount]).toEqual([3, 500]);
    call("enter", octets("2 500"));
    expect(life.until(life.context.now + 10_000)).toEqual([]);
    expect(own.tokenCredit.values.currentCreditAmount).toBe(1000);
  });

  it("a token may do something else than credit; a refusal is an execution failure", () => {
    const done: string[] = [];
    const tokens = {
      read: ([what = 0]: Uint8Array): TokenReading => ({
        result: "valid",
        identifier: BigInt(what),
        description: [octets("test")],
        credits: () => {
          if (what === 1) throw refuse("temporary-failure");
          done.push(`${what}`);
        },
      }),
    };
    const { account } = aMeter();
    const gateway = tokenGateway("0.0.19.40.1.255", { tokens, account: account.instance });
    const life = new Life([account, gateway], "2026-03-01 00:00");
    account.values.accountModeAndStatus = { accountMode: 2, accountStatus: 2 };
    const { call } = reach(gateway, () => life.of(gateway));
    call("enter", Uint8Array.of(1));
    expect(gateway.values.tokenStatus.statusCode).toBe(7);
    call("enter", Uint8Array.of(2));
    expect([gateway.values.tokenStatus.statusCode, done]).toEqual([3, ["2"]]);
    expect(gateway.values.tokenDescription).toEqual([octets("test")]);
  });

  it("a token without an account to credit is not valid", () => {
    const gateway = tokenGateway("0.0.19.40.1.255", { tokens: textTokens });
    const life = new Life([gateway], "2026-03-01 00:00");
    reach(gateway, () => life.of(gateway)).call("enter", octets("1 500"));
    expect(gateway.values.tokenStatus.statusCode).toBe(6);
  });
});
