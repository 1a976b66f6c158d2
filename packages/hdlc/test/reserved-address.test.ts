import { describe, expect, it } from "vitest";
import {
  type AddressOctets,
  hdlcAddress,
  isBroadcast,
  isNoStation,
  reservedLower,
  reservedUpper,
  Station,
  usableLower,
  usableUpper,
} from "../src/index.ts";
import { frame, poll } from "./meter.ts";

const answers = (to: { upper: number; lower?: number; octets: AddressOctets }): boolean => {
  const station = new Station({ addresses: [to] });
  station.receive(frame(poll.snrm, { to }), 0);
  return station.poll()?.type === "connected";
};

describe("reserved addresses", () => {
  it("names what each is reserved for", () => {
    expect([0, 1, 2, 15, 16, 126, 127].map((upper) => reservedUpper(upper, 1))).toEqual([
      "no-station",
      "management-logical-device",
      "reserved",
      "reserved",
      undefined,
      undefined,
      "all-station",
    ]);
    expect([126, 127, 128, 0x3ffe, 0x3fff].map((upper) => reservedUpper(upper, 4))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      "all-station",
    ]);
    expect([0, 1, 15, 16, 125, 126, 127].map((lower) => reservedLower(lower, 2))).toEqual([
      "no-station",
      "reserved",
      "reserved",
      undefined,
      undefined,
      "calling-physical-device",
      "all-station",
    ]);
    expect([126, 127, 0x3ffd, 0x3ffe, 0x3fff].map((lower) => reservedLower(lower, 4))).toEqual([
      undefined,
      undefined,
      undefined,
      "calling-physical-device",
      "all-station",
    ]);
  });

  it("leaves those of the ranges, and a station answers to every one of them", () => {
    for (const octets of [1, 2, 4] as const) {
      const high = octets === 4 ? 0x3fff : 0x7f;
      const upper = usableUpper(octets);
      for (let at = 0; at <= high; at++) {
        const usable = at >= upper.first && at <= upper.last;
        expect(reservedUpper(at, octets) === undefined).toBe(usable);
        const address = hdlcAddress({ upper: at, ...(octets === 1 ? {} : { lower: 0x20 }), octets });
        if (usable) expect(isBroadcast(address) || isNoStation(address)).toBe(false);
        if (octets === 1) continue;
        const lower = usableLower(octets);
        expect(reservedLower(at, octets) === undefined).toBe(at >= lower.first && at <= lower.last);
      }
      for (const at of [upper.first, upper.last]) {
        expect(answers({ upper: at, ...(octets === 1 ? {} : { lower: usableLower(octets).last }), octets })).toBe(true);
      }
    }
    expect(answers({ upper: 0x7f, octets: 1 })).toBe(false);
    expect(answers({ upper: 0x20, lower: 0x7e, octets: 2 })).toBe(false);
    expect(answers({ upper: 0x7f, lower: 0x20, octets: 4 })).toBe(true);
  });
});
