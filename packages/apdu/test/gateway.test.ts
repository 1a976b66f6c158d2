import { concat, fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  gatewayAddress,
  gatewayKey,
  gatewayPrefix,
  gatewayText,
  withGatewayPrefix,
  withoutGatewayPrefix,
} from "../src/index.ts";

const addresses = fc.record({
  networkId: fc.integer({ min: 0, max: 255 }),
  physicalDeviceAddress: fc.oneof(
    fc.uint8Array({ maxLength: 255 }),
    fc.stringMatching(/^[!-~]{0,20}$/).map((text) => new TextEncoder().encode(text)),
  ),
});
const octets = fc.uint8Array({ minLength: 1, maxLength: 300 });

describe("the prefix of a gateway", () => {
  it("8.1: has the tag, the network id, the length and the address; any address and APDU come back as they were", () => {
    expect(toHex(gatewayPrefix("request", gatewayAddress("1/001")))).toBe("e60103303031");
    expect(toHex(gatewayPrefix("response", gatewayAddress("0/0x")))).toBe("e70000");
    fc.assert(
      fc.property(addresses, octets, fc.constantFrom("request" as const, "response" as const), (address, apdu, way) => {
        const { apdu: inner, way: read, ...rest } = withoutGatewayPrefix(withGatewayPrefix(way, address, apdu)) ?? {};
        expect([inner, read, rest]).toEqual([apdu, way, address]);
      }),
    );
  });

  it("the address is a copy: it does not change with the octets that were received", () => {
    const received = withGatewayPrefix("request", gatewayAddress("1/001"), fromHex("c0"));
    const read = withoutGatewayPrefix(received);
    received.fill(0);
    expect(read && gatewayText(read)).toBe("1/001");
  });

  it("an APDU without a prefix has none; every cut of a prefix, and one with nothing after it, is a Fault", () => {
    expect(withoutGatewayPrefix(fromHex("c001c1"))).toBeUndefined();
    expect(withoutGatewayPrefix(new Uint8Array(0))).toBeUndefined();
    const whole = withGatewayPrefix("response", gatewayAddress("1/001"), fromHex("d80101"));
    for (let length = 1; length <= 6; length++) {
      expect(() => withoutGatewayPrefix(whole.subarray(0, length)), `${length}`).toThrow(
        expect.objectContaining({ layer: "xdlms" }),
      );
    }
    const long = concat(fromHex("e601820100"), new Uint8Array(0x101));
    expect(() => withoutGatewayPrefix(long)).toThrow(expect.objectContaining({ code: "bad-length" }));
    expect(() => gatewayPrefix("request", { networkId: 1, physicalDeviceAddress: new Uint8Array(256) })).toThrow(
      expect.objectContaining({ code: "bad-length" }),
    );
    expect(() => gatewayPrefix("request", { networkId: 256, physicalDeviceAddress: new Uint8Array(1) })).toThrow(
      expect.objectContaining({ code: "out-of-range" }),
    );
  });

  it("the text of an address is read as that address, and keys are equal for equal addresses only", () => {
    fc.assert(
      fc.property(addresses, addresses, (one, other) => {
        expect(gatewayAddress(gatewayText(one))).toEqual(one);
        expect(gatewayKey(one) === gatewayKey(other)).toBe(gatewayText(one) === gatewayText(other));
      }),
    );
    expect([gatewayText(gatewayAddress("1/0x303031")), gatewayText(gatewayAddress("1/0x00"))]).toEqual([
      "1/001",
      "1/0x00",
    ]);
    for (const text of ["", "1", "/1", "256/1", "1/", "1/0x0", "1/0xzz", "1/a b", "x/1", `1/${"9".repeat(256)}`]) {
      expect(() => gatewayAddress(text), text).toThrow(expect.objectContaining({ code: "bad-value" }));
    }
  });
});
