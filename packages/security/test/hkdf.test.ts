import { hkdfSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Hkdf } from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

describe("Hkdf", () => {
  it("gives the keys of HKDF-SHA-256 without salt", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 100 }),
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 1, max: 200 }),
        (secret, info, octets) => {
          const expected = new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), info, octets));
          expect(new Hkdf(secret).derive(info, octets)).toEqual(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("refuses a secret of less than 32 octets", () => {
    expect(faultOf(() => new Hkdf(new Uint8Array(31)))).toBe("bad-key-length");
  });
});
