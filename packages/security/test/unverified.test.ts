import { fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { noble } from "../src/noble.ts";
import { openUnverified } from "../src/unverified.ts";

// Green Book: glo-get-request of the example, suite 0, authenticated and encrypted.
const sealed = fromHex("c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b");
const encryptionKey = fromHex("000102030405060708090a0b0c0d0e0f");
const systemTitle = fromHex("4d4d4d0000bc614e");

describe("openUnverified", () => {
  it("gives the plaintext without the authentication key, and does not look at the tag", () => {
    const options = { provider: noble, encryptionKey, systemTitle };
    const plain = "c0010000080000010000ff0200";
    expect(toHex(openUnverified(sealed, options))).toBe(plain);
    const altered = sealed.slice();
    altered[altered.length - 1] = 0;
    expect(toHex(openUnverified(altered, options))).toBe(plain);
  });

  it.each([
    ["no-title", sealed, {}, "unknown-system-title"],
    ["a plain APDU", fromHex("c0010000080000010000ff0200"), { systemTitle }, "not-ciphered"],
    ["a cut end", sealed.subarray(0, 20), { systemTitle }, "bad-length"],
    ["a key that is too short", sealed, { systemTitle, encryptionKey: new Uint8Array(8) }, "bad-key-length"],
  ])("%s is a Fault", (_, apdu, options, code) => {
    expect(() => openUnverified(apdu, { provider: noble, encryptionKey, ...options })).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
