import { Fault } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterFailure,
  checkRow,
  checkVariationPattern,
  columnOf,
  fields,
  LoadProfileTemplate,
  type Message,
  maskOf,
  numbersOf,
  openMemoryStore,
  sealSecret,
  unsealSecret,
} from "../src/index.ts";
import { testSealing } from "../src/testing.ts";

function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (caught) {
    if (caught instanceof Fault) return caught;
    throw caught;
  }
  throw new Error("no Fault");
}

describe("a field", () => {
  const all = [
    fields.integer(0, 10),
    fields.decimal(5, 4, 0, 1),
    fields.text(10, 1),
    fields.oneOf("A", "B"),
    fields.octets(2, 3),
    fields.octetsOf(16, 32),
    fields.instant,
    fields.bits,
    fields.boolean,
    fields.logicalNameText,
    fields.list(fields.integer(), 3),
    fields.json(checkVariationPattern),
    fields.optional(fields.boolean),
  ];

  it("takes any value, or refuses it by a Fault of storage", () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.anything({ withBigInt: true, withTypedArray: true }), (field, value) => {
        try {
          field.check(value);
        } catch (caught) {
          expect(caught).toBeInstanceOf(Fault);
          expect(caught).toMatchObject({ code: "bad-value", layer: "storage" });
        }
      }),
    );
  });

  it("never rounds a decimal", () => {
    const field = fields.decimal(10, 3);
    for (const value of [0, -1.5, 1234567.891, 9999999.999]) expect(field.check(value)).toBe(value);
    for (const value of [0.0001, 10000000, Number.NaN, Infinity, -1e7]) expect(() => field.check(value)).toThrow(Fault);
  });

  it("counts characters as a VARCHAR does", () => {
    const field = fields.text(2, 1);
    for (const value of ["a", "ab", "\u{1F600}\u{1F600}"]) expect(field.check(value)).toBe(value);
    for (const value of ["", "abc", "a\0", "\ud83d", "\u{1F600}ab"]) expect(() => field.check(value)).toThrow(Fault);
  });

  it("shows no octets in its Fault", () => {
    expect(faultOf(() => fields.octets(16).check(Uint8Array.of(0xde, 0xad))).message).toBe(
      "expected 16 octets, found 2 octets",
    );
  });

  it("reads a logical name in any form, and gives the dotted one", () => {
    expect(fields.logicalNameText.check("1-0:1.8.0")).toBe("1.0.1.8.0.255");
    expect(() => fields.logicalNameText.check("1.0.1.8.0.256")).toThrow("expected a logical name");
  });
});

describe("a row", () => {
  const row = {
    templateName: "a",
    season: "SUMMER",
    dayType: "WEEKDAY",
    intervalMinutes: 30,
    baseLoad: 1,
    peakLoad: 2,
    variationPattern: { version: 1, shape: Array(48).fill(1), jitter: 1 },
  };

  it("keeps the fields of its shape and nothing else", () => {
    expect(checkRow(LoadProfileTemplate, { ...row, other: 1 })).toEqual(row);
    expect(columnOf("maxInfoFieldLenTransmit")).toBe("max_info_field_len_transmit");
  });

  it("is refused with table, id and column", () => {
    expect(faultOf(() => checkRow(LoadProfileTemplate, { ...row, peakLoad: 0.5 }, 7))).toMatchObject({
      code: "bad-value",
      path: ["load_profile_templates", "id 7", "peak_load"],
    });
    const pattern = { ...row.variationPattern, jitter: 2 };
    const fault = faultOf(() => checkRow(LoadProfileTemplate, { ...row, variationPattern: pattern }, 7, "bad-row"));
    expect(fault).toMatchObject({
      code: "bad-row",
      path: ["load_profile_templates", "id 7", "variation_pattern", "jitter"],
    });
    expect(faultOf(() => checkVariationPattern({ ...row.variationPattern, jiter: 1 })).path).toEqual(["jiter"]);
  });
});

describe("masks", () => {
  it("name attributes 1 to 63", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 63 })), (numbers) => {
        expect(numbersOf(maskOf(...numbers))).toEqual([...numbers].sort((one, other) => one - other));
      }),
    );
    for (const n of [0, 64, 1.5]) expect(() => maskOf(n)).toThrow(Fault);
  });
});

describe("a secret", () => {
  it("comes back from its seal, whatever its length", () => {
    const sealing = testSealing(1);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 255 }), (secret) => {
        expect(unsealSecret(sealing, sealSecret(sealing, secret))).toEqual(secret);
      }),
    );
    const short = { ...sealing, unwrap: () => new Uint8Array(0) };
    expect(faultOf(() => unsealSecret(short, new Uint8Array(24))).code).toBe("wrong-key-encryption-key");
  });
});

describe("the back-off", () => {
  it("doubles up to its longest", () => {
    const failure = { now: 0, error: "" };
    const waits = [1, 2, 3, 30, 1000].map((count) => afterFailure(count, { ...failure, maxAttempts: 1001 }));
    expect(waits.map((next) => "scheduledTime" in next && next.scheduledTime)).toEqual([
      1000, 2000, 4000, 3600000, 3600000,
    ]);
  });
});

describe("the queue in memory", () => {
  it("hands out copies of payloads", async () => {
    await using store = await openMemoryStore();
    const payload = Uint8Array.of(1, 2, 3);
    const message: Message = { messageType: "push", priority: 0, payload, destination: "x", scheduledTime: 0 };
    await store.messageQueue.enqueue([message]);
    payload.fill(0);
    const [claimed] = await store.messageQueue.claim({ now: 0 });
    claimed?.payload.fill(9);
    expect((await store.messageQueue.get(1))?.payload).toEqual(Uint8Array.of(1, 2, 3));
  });
});
