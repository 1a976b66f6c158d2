import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AddressSpace, hdlcSpace, ownPort, wrapperSpace } from "../src/fleet/address-space.ts";
import { Addresses, portsNeeded } from "../src/fleet/addresses.ts";
import { codeOf } from "./code-of.ts";

const host = "127.0.0.1";

/** Every address of a space, in order. */
const addressesOf = (space: AddressSpace) => Array.from({ length: space.capacity }, (_, place) => space.of(place));

const reservedWPort = (server: number): boolean => server === 0 || (server > 1 && server < 0x10) || server === 0x7f;
const reservedLower = (lower: number): boolean => lower < 0x10 || [0x7e, 0x7f, 0x3ffe, 0x3fff].includes(lower);

describe("the wrapper", () => {
  const space = wrapperSpace();

  it("gives every server address but the reserved ones, in order from 1", () => {
    const servers = addressesOf(space).map(({ server }) => server);
    const expected = Array.from({ length: 0x10000 }, (_, server) => server).filter((server) => !reservedWPort(server));
    expect(servers).toEqual(expected);
    expect(servers.slice(0, 3)).toEqual([1, 16, 17]);
    expect(space.capacity).toBe(65_520);
  });

  it("knows the place of an address, and none of a reserved one", () => {
    for (let server = 0; server <= 0x10000; server++) {
      const place = space.placeAt({ server });
      if (reservedWPort(server) || server > 0xffff) expect(place).toBeUndefined();
      else expect(space.of(place as number).server).toBe(server);
    }
    expect(space.placeAt({ server: 1, physical: 16 })).toBeUndefined();
  });
});

describe("an HDLC line", () => {
  it("counts lower addresses on from the first row's, without the reserved ones", () => {
    const space = hdlcSpace([256]);
    expect(addressesOf(space).map(({ physical }) => physical)).toEqual(
      Array.from({ length: 0x3ffe - 256 }, (_, at) => 256 + at),
    );
    expect(space.of(0)).toEqual({ server: 1, physical: 256 });
    const low = hdlcSpace([1]);
    expect(addressesOf(low).map(({ physical }) => physical)).toEqual([
      1,
      ...Array.from({ length: 0x3fff }, (_, lower) => lower).filter((lower) => !reservedLower(lower)),
    ]);
  });

  it("takes the rows that there are, and leaves their addresses out of what it counts", () => {
    const space = hdlcSpace([100, 103, 20, 0x90]);
    const lower = addressesOf(space).map(({ physical }) => physical as number);
    // As many rows, as far on.
    expect(lower.slice(0, 7)).toEqual([100, 103, 20, 0x90, 104, 105, 106]);
    expect(new Set(lower).size).toBe(lower.length);
    expect(lower.filter(reservedLower)).toEqual([]);
  });

  it("knows the place of every address that it gives, and of no other", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.integer({ min: 1, max: 0x3ffd }).filter((lower) => lower !== 0x7e && lower !== 0x7f),
          { minLength: 1, maxLength: 30 },
        ),
        (rows) => {
          const space = hdlcSpace(rows);
          const places = new Map(addressesOf(space).map(({ physical }, place) => [physical, place]));
          expect(places.size).toBe(space.capacity);
          for (let physical = 0; physical <= 0x4000; physical++) {
            const place = space.placeAt({ server: 1, physical });
            if (place !== places.get(physical)) expect([physical, place]).toEqual([physical, places.get(physical)]);
          }
          for (const lower of [...places.keys()].slice(rows.length)) expect(reservedLower(lower as number)).toBe(false);
        },
      ),
      { numRuns: 20 },
    );
    const space = hdlcSpace([256]);
    expect(space.placeAt({ server: 1 })).toBe(0);
    expect(space.placeAt({ server: 2 })).toBeUndefined();
    expect(space.placeAt({ server: 2, physical: 256 })).toBeUndefined();
  });

  it("refuses rows that no device can have", () => {
    for (const rows of [[], [0], [0x7e], [0x7f], [0x3ffe], [0x3fff], [0x4000], [1.5], [256, 300, 256]]) {
      expect(
        codeOf(() => hdlcSpace(rows)),
        String(rows),
      ).toBe("bad-value");
    }
    expect(hdlcSpace([0x3ffd]).capacity).toBe(1);
  });
});

describe("a port for each meter", () => {
  it("has it at the server address 1, whatever the lower address is", () => {
    const addresses = new Addresses(ownPort(), { meters: 100, host, ports: 4100 });
    expect(addresses.of(99)).toEqual({ host, port: 4199, server: 1 });
    expect(addresses.indexAt(4199, { server: 1 })).toBe(99);
    expect(addresses.indexAt(4199, { server: 1, physical: 77 })).toBe(99);
    expect(addresses.indexAt(4199, { server: 2 })).toBeUndefined();
    expect(addresses.indexAt(4200, { server: 1 })).toBeUndefined();
    expect(new Addresses(ownPort(256), { meters: 2, host, ports: 4100 }).of(1)).toEqual({
      ...{ host, port: 4101, server: 1, physical: 256 },
    });
  });
});

describe("Addresses", () => {
  const spaces: readonly (readonly [string, AddressSpace])[] = [
    ["wrapper", wrapperSpace()],
    ["hdlc", hdlcSpace([256, 20])],
    ["own", ownPort(20)],
  ];

  it("goes on to the next port where one is full, and leads back to the meter", () => {
    for (const [name, space] of spaces) {
      const most = Math.min(1_000_000, space.capacity * 5000);
      fc.assert(
        fc.property(fc.integer({ min: 1, max: most }), fc.nat(), fc.boolean(), (meters, any, listed) => {
          const count = portsNeeded(space, meters);
          const ports = listed ? Array.from({ length: count }, (_, at) => 60_000 - at * 7) : 4059;
          const addresses = new Addresses(space, { meters, host, ports });
          expect(addresses.portCount).toBe(count);
          for (const index of [0, meters - 1, any % meters, Math.min(space.capacity, meters - 1)]) {
            const place = addresses.of(index);
            const at = Math.floor(index / space.capacity);
            expect(place.port, name).toBe(typeof ports === "number" ? ports + at : ports[at]);
            expect(addresses.indexAt(place.port, place)).toBe(index);
            const behind = addresses.behind(place.port);
            expect(behind?.first).toBe(at * space.capacity);
            expect(behind?.meters).toBe(Math.min(space.capacity, meters - at * space.capacity));
          }
        }),
        { numRuns: 30 },
      );
    }
  });

  it("knows no meter beyond the last, and no other port", () => {
    const addresses = new Addresses(wrapperSpace(), { meters: 65_522, host, ports: 4059 });
    expect(addresses.of(65_521)).toEqual({ host, port: 4060, server: 16 });
    expect(addresses.indexAt(4060, { server: 17 })).toBeUndefined();
    expect(addresses.indexAt(4058, { server: 1 })).toBeUndefined();
    expect(addresses.indexAt(4061, { server: 1 })).toBeUndefined();
    expect(addresses.behind(4061)).toBeUndefined();
    expect(codeOf(() => addresses.of(65_522))).toBe("out-of-range");
    const listed = new Addresses(wrapperSpace(), { meters: 1, host, ports: [5000, 5001] });
    expect(listed.portCount).toBe(1);
    expect(listed.indexAt(5001, { server: 1 })).toBeUndefined();
    expect(listed.behind(5001)).toBeUndefined();
    expect(listed.behind(5000)).toEqual({ first: 0, meters: 1 });
  });

  it("refuses more meters than the ports have room for, and ports that are none", () => {
    const make = (meters: number, ports: number | readonly number[]) => () =>
      new Addresses(ownPort(), { meters, host, ports });
    expect(codeOf(make(65_536 - 4059, 4059))).toBeUndefined();
    expect(codeOf(make(65_537 - 4059, 4059))).toBe("too-many-meters");
    expect(codeOf(make(2, [1]))).toBe("too-many-meters");
    expect(codeOf(make(2, [1, 1]))).toBe("bad-value");
    for (const ports of [0, 65_536, [0], [65_536]]) expect(codeOf(make(1, ports))).toBe("out-of-range");
    expect(codeOf(make(0, 1))).toBe("out-of-range");
  });
});
