import { fromHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type Compression,
  CounterGuard,
  CounterLedger,
  type GeneralProtection,
  type Layer,
  noble,
  openLayers,
  Protection,
  type ProtectionOptions,
  sealLayers,
} from "../src/index.ts";
import { node } from "../src/node.ts";
import { faultOf } from "./fault-of.ts";
import { clientTitle, end, keysOf, serverTitle } from "./general-fixtures.ts";

const get = fromHex("c001c100010000600100ff0200");

function association(role: "client" | "server", suite = 1, options: Partial<ProtectionOptions> = {}): Protection {
  const counters = new CounterLedger({ start: 0 });
  counters.reserved(100);
  return new Protection({
    ...{ provider: node, suite, keys: keysOf(suite), counters, replay: new CounterGuard() },
    systemTitle: role === "client" ? clientTitle : serverTitle,
    peerSystemTitle: role === "client" ? serverTitle : clientTitle,
    ...options,
  });
}

const sign: Layer = { form: "general-signing" };
const cipher: Layer = {
  form: "general-ciphering",
  authenticated: true,
  encrypted: true,
  key: "one-pass-diffie-hellman",
};
const glo: Layer = { form: "glo", authenticated: true, encrypted: true };
const generalGlo: Layer = { form: "general-glo", authenticated: true, encrypted: false };

describe("layers of protection", () => {
  it.each([
    ["none", [], { authenticated: false, encrypted: false, signed: false }],
    ["a signature", [sign], { authenticated: false, encrypted: false, signed: true }],
    ["signed, then ciphered", [sign, cipher], { authenticated: true, encrypted: true, signed: true }],
    ["ciphered, then signed", [cipher, sign], { authenticated: true, encrypted: true, signed: true }],
    ["ciphered by the association, then signed", [glo, sign], { authenticated: true, encrypted: true, signed: true }],
    ["signed, then authenticated", [sign, generalGlo], { authenticated: true, encrypted: false, signed: true }],
    ["four of them", [sign, cipher, sign, generalGlo], { authenticated: true, encrypted: true, signed: true }],
  ] as const)("%s", (_, layers, protection) => {
    const client = { general: end("client", node, 1), association: association("client") };
    const server = { general: end("server", noble, 1), association: association("server") };
    const opened = openLayers(sealLayers(get, layers, client), server);
    expect(opened.apdu).toEqual(get);
    expect(opened.protection).toEqual(protection);
    expect(opened.layers.map(({ form }) => form)).toEqual(layers.map(({ form }) => form).reverse());
  });

  it("may be four, and not more", () => {
    const client: { general: GeneralProtection } = { general: end("client", node, 1) };
    const five = sealLayers(sealLayers(get, [sign, sign, sign, sign], client), [sign], client);
    expect(faultOf(() => openLayers(five, { general: end("server", node, 1) }))).toBe("too-deep");
    expect(faultOf(() => sealLayers(get, [sign, sign, sign, sign, sign], client))).toBe("too-deep");
  });

  it("needs what they are made with", () => {
    const general = end("client", node, 1);
    expect(faultOf(() => sealLayers(get, [glo], { general }))).toBe("no-protection");
    expect(faultOf(() => sealLayers(get, [sign], { association: association("client") }))).toBe("no-protection");
    const signed = sealLayers(get, [sign], { general });
    expect(faultOf(() => openLayers(signed, { association: association("server") }))).toBe("no-protection");
    const ciphered = association("client").seal(get, { form: "general-glo", authenticated: true, encrypted: true });
    expect(faultOf(() => openLayers(ciphered, { general }))).toBe("no-protection");
  });

  it("leaves alone what is no APDU at all", () => {
    expect(openLayers(new Uint8Array(0), {})).toMatchObject({ layers: [] });
  });
});

/** Runs of one octet: as the count and the octet. */
const runs: Compression = {
  compress(octets) {
    const pairs: number[] = [];
    for (const octet of octets) {
      const at = pairs.length - 2;
      if (pairs[at + 1] === octet && (pairs[at] as number) < 255) pairs[at] = (pairs[at] as number) + 1;
      else pairs.push(1, octet);
    }
    return Uint8Array.from(pairs);
  },
  decompress(octets, most) {
    const whole: number[] = [];
    if (octets.length % 2 === 1) throw new RangeError("odd");
    for (let at = 0; at < octets.length && whole.length <= most; at += 2) {
      for (let count = octets[at] as number; count > 0; count--) whole.push(octets[at + 1] as number);
    }
    return Uint8Array.from(whole);
  },
};

const long = Uint8Array.of(0xc0, ...new Uint8Array(1000));

describe("compression", () => {
  it.each([
    ["glo", true, true],
    ["glo", true, false],
    ["general-glo", false, true],
  ] as const)("in form %s (authenticated %s, encrypted %s)", (form, authenticated, encrypted) => {
    const options: Partial<ProtectionOptions> = { compression: runs, accept: ["encryption-only"] };
    const sealed = association("client", 0, options).seal(long, { form, authenticated, encrypted, compressed: true });
    expect(sealed.length).toBeLessThan(60);
    const { apdu, protection } = association("server", 0, options).open(sealed);
    expect(apdu).toEqual(long);
    expect(protection).toMatchObject({ compressed: true, authenticated, encrypted });
  });

  it("in general-ciphering", () => {
    const how: Layer = { ...cipher, compressed: true };
    const general = end("client", node, 1, { compression: runs });
    const sealed = general.seal(long, how);
    const { apdu, protection } = end("server", node, 1, { compression: runs }).open(sealed);
    expect(apdu).toEqual(long);
    expect(protection).toMatchObject({ compressed: true });
    expect(faultOf(() => end("server", node, 1).open(sealed))).toBe("bad-security-control");
    expect(faultOf(() => end("client", node, 1).seal(long, how))).toBe("bad-security-control");
    const tight = end("server", node, 1, { compression: runs, maxDecompressed: 1000 });
    expect(faultOf(() => tight.open(sealed))).toBe("decompressed-too-long");
  });

  const how = { form: "glo", authenticated: true, encrypted: true, compressed: true } as const;
  const open = (sealed: Uint8Array, options: Partial<ProtectionOptions>) =>
    faultOf(() => association("server", 0, options).open(sealed));

  it("S22: is refused by name without a codec, and capped with one", () => {
    const sealed = association("client", 0, { compression: runs }).seal(long, how);
    expect(open(sealed, {})).toBe("bad-security-control");
    expect(faultOf(() => association("client", 0).seal(long, how))).toBe("bad-security-control");
    expect(open(sealed, { compression: runs, maxDecompressed: 1000 })).toBe("decompressed-too-long");
    const bomb = association("client", 0, {
      compression: { ...runs, compress: () => new Uint8Array(2000).fill(0xff) },
    });
    expect(open(bomb.seal(get, how), { compression: runs })).toBe("decompressed-too-long");
  });

  it("that cannot be undone is a Fault, and so is another APDU within", () => {
    const odd = association("client", 0, { compression: { ...runs, compress: () => Uint8Array.of(1) } });
    expect(open(odd.seal(get, how), { compression: runs })).toBe("bad-compression");
    const other = association("client", 0, { compression: { ...runs, compress: () => Uint8Array.of(1, 0xc1) } });
    expect(open(other.seal(get, how), { compression: runs })).toBe("inner-tag-mismatch");
  });
});
