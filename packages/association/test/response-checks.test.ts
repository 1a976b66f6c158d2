import { fromHex } from "@dlmskit/core";
import type { AppliedLayer } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { withoutTransaction } from "../src/index.ts";
import { sealingOf } from "../src/protection/sealing-of.ts";
import { checkResponse } from "../src/response-checks.ts";
import { Bottle, energy } from "./bottle.ts";

const seen = { authenticated: true, encrypted: true, signed: false };
const sealing = { authenticated: true, encrypted: true, form: "glo" } as const;
const asked = { sealing, transactionId: fromHex("0102") };
const codeOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (caught) {
    return (caught as { code: string }).code;
  }
};

describe("the transaction-id of a response", () => {
  it("must be there and be that of the request", () => {
    const of = (transactionId?: Uint8Array) => ({
      seen,
      sealing: { ...sealing, ...(transactionId && { transactionId }) },
    });
    expect(codeOf(() => checkResponse(of(fromHex("0102")), asked))).toBeUndefined();
    expect(codeOf(() => checkResponse(of(fromHex("0103")), asked))).toBe("other-transaction-id");
    expect(codeOf(() => checkResponse(of(), asked))).toBe("other-transaction-id");
    expect(codeOf(() => checkResponse(of(), asked, ["other-transaction-id"]))).toBeUndefined();
  });

  it("that was given is used for the first request only", () => {
    const protection = { form: "general-ciphering", transactionId: fromHex("01") } as const;
    expect(withoutTransaction({ protection })).toEqual({ protection: { form: "general-ciphering" } });
    expect(withoutTransaction({})).toEqual({});
  });
});

it("a response is protected as all layers of its request together are", () => {
  const layer = (encrypted: boolean) =>
    ({ form: "glo", authenticated: true, encrypted, key: "x" }) as unknown as AppliedLayer;
  expect(sealingOf([layer(false), layer(true)])).toMatchObject({ authenticated: true, encrypted: true });
  expect(sealingOf([layer(false)])).toMatchObject({ authenticated: true, encrypted: false });
});

it("a broadcast whose protection was asked for is not sent in plain", () => {
  const bottle = new Bottle({}).open();
  const set = { service: "set", items: [{ attribute: energy, value: { type: "unsigned", value: 1 } }] } as const;
  const before = bottle.wire.length;
  bottle.client.request(set, { broadcast: true, confirmed: false, protection: { signed: "inside" } }, 0);
  expect(bottle.run().fromClient.at(-1)).toMatchObject({ type: "failed", fault: { code: "wrong-state" } });
  expect(bottle.wire.length).toBe(before);
});
