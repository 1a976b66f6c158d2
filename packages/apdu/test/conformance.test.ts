import { fromHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { decodeApdu } from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

const initiate = (block: string) => decodeApdu(fromHex(`0100000006${block}0000`));

describe("the conformance block", () => {
  it("F06: has its tag on one octet or on two", () => {
    const names = [
      ...["read", "write", "block-transfer-with-get-or-read", "block-transfer-with-set-or-write"],
      ...["multiple-references", "parameterized-access"],
    ];
    for (const block of ["5f0400181a20", "5f1f0400181a20"]) {
      const apdu = initiate(block);
      expect(apdu).toMatchObject({ apdu: "initiate-request", clientMaxReceivePduSize: 0 });
      expect([...(apdu as { proposedConformance: readonly string[] }).proposedConformance].sort()).toEqual(
        names.sort(),
      );
    }
    // The AARQ of a client with logical names.
    const aarq = decodeApdu(fromHex("602080020780a109060760857405080101be0f040d01000000065f0400001a1d0000"));
    const { userInformation } = aarq as { userInformation: Uint8Array };
    expect(decodeApdu(userInformation)).toMatchObject({ proposedConformance: expect.arrayContaining(["get", "set"]) });
  });

  it("of other than 24 bits is refused", () => {
    expect(faultOf(() => initiate("5f0300181a")).code).toBe("bad-length");
    expect(faultOf(() => initiate("5f1f0300181a")).code).toBe("bad-length");
    expect(faultOf(() => initiate("5f05000000181a")).code).toBe("bad-length");
    expect(faultOf(() => initiate("5f0401181a20")).code).toBe("bad-value");
    expect(faultOf(() => initiate("5e0400181a20")).code).toBe("unknown-tag");
  });
});
