import { describe, expect, it } from "vitest";
import { Bottle } from "./bottle.ts";

describe("an InitiateRequest", () => {
  it("F06: whose conformance has its tag on one octet opens an association", () => {
    const bottle = new Bottle();
    const aarq = "602080020780a109060760857405080101be0f040d01000000065f0400001a1d0000";
    expect(bottle.rawHex(aarq)).toMatch(/^61.*a203020100.*5f1f0400/);
    expect(bottle.server.association).toMatchObject({ clientMaxReceivePduSize: 0 });
    expect(bottle.server.association?.conformance).toContain("get");
  });

  it("whose conformance is not 24 bits is refused", () => {
    const bottle = new Bottle();
    const aarq = "601f80020780a109060760857405080101be0e040c01000000065f0300001a0000";
    expect(bottle.rawHex(aarq)).toMatch(/^61.*a203020101.*0e0106/);
    expect(bottle.server.state).toBe("idle");
  });
});
