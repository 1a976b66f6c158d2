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

  // The same content in other forms.
  const counter = "01234567";
  const ciphertext = "411312ff935a47566827c467bc";
  const tag = "7d825c3be4a77c3fcc056b6b";
  const plain = "c0010000080000010000ff0200";
  it.each([
    [
      "a title in the APDU goes before that of the options",
      `db084d4d4d0000bc614e1e30${counter}${ciphertext}${tag}`,
      "0000000000000000",
    ],
    [
      "an APDU with an empty title is of the options' sender",
      `db001e30${counter}${ciphertext}${tag}`,
      "4d4d4d0000bc614e",
    ],
    ["ciphered under a dedicated key", `dc084d4d4d0000bc614e1e30${counter}${ciphertext}${tag}`, undefined],
    ["encrypted only: there is no tag", `c81220${counter}${ciphertext}`, "4d4d4d0000bc614e"],
    ["authenticated only: the plaintext is in it", `c81e10${counter}${plain}${tag}`, undefined],
  ])("%s", (_, apdu, title) => {
    const options = { provider: noble, encryptionKey, ...(title === undefined ? {} : { systemTitle: fromHex(title) }) };
    expect(toHex(openUnverified(fromHex(apdu), options))).toBe(plain);
  });

  it.each([
    [
      "a compressed plaintext",
      fromHex(`c81eb0${counter}${ciphertext}${tag}`),
      { systemTitle },
      "compression-unsupported",
    ],
    ["a title of 7 octets", sealed, { systemTitle: systemTitle.subarray(1) }, "bad-system-title"],
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
