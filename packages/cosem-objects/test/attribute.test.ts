import { type Data, type DataLike, encodeData, T, treeOf } from "@dlmskit/apdu";
import { Fault, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  after,
  afterEach,
  attempt,
  attributeName,
  dataObject,
  hasAttribute,
  hasMethod,
  interfaceClass,
  invokeMethod,
  type MaybePromise,
  object,
  ProfileGeneric,
  Register,
  readAttribute,
  refusalOf,
  refuse,
  register,
  retype,
  UnitCodec,
  unitCode,
  writeAttribute,
} from "../src/index.ts";
import { codeOf, contextOf } from "./a-context.ts";

const context = contextOf([]);
const hexOf = (data: MaybePromise<DataLike>): string => toHex(encodeData(data as DataLike));

const Lamp = interfaceClass({
  classId: 9001,
  version: 0,
  name: "Lamp",
  attributes: {
    level: { id: 2, type: T.unsigned, access: "rw" },
    label: { id: 3, type: T.visibleString, optional: true },
    hours: { id: 4, type: T.longUnsigned },
  },
  methods: { dim: { id: 1, argument: T.integer, result: T.unsigned }, blink: { id: 2, argument: T.integer } },
});

const lamp = () =>
  object(
    Lamp,
    "0-0:96.50.0",
    { level: 7, hours: 0 },
    {
      read: { hours: () => 1234 },
      write: {
        level(values, level) {
          if (level > 100) throw refuse("other-reason");
          values.level = level;
        },
      },
      invoke: {
        dim(values, by) {
          values.level -= by;
          return values.level;
        },
      },
    },
  );

describe("reading", () => {
  it("gives the logical name, values and what hooks say, encoded by the class's types", () => {
    const one = lamp();
    expect(hexOf(readAttribute(one, one.values, 1, context))).toBe("0906000060320 0ff".replace(" ", ""));
    expect(hexOf(readAttribute(one, one.values, 2, context))).toBe("1107");
    expect(hexOf(readAttribute(one, one.values, 4, context))).toBe("1204d2");
  });

  it("refuses what is not there, and selectors that are not understood", () => {
    const one = lamp();
    for (const id of [0, 3, 5, 99, -1]) {
      expect(
        codeOf(() => readAttribute(one, one.values, id, context)),
        String(id),
      ).toBe("object-undefined");
    }
    const selection = { selector: 1, parameters: { type: "null-data" } as Data };
    expect(codeOf(() => readAttribute(one, one.values, 2, context, selection))).toBe("other-reason");
    expect(codeOf(() => readAttribute(one, one.values, 1, context, selection))).toBe("other-reason");
    const none = dataObject(
      "0.0.96.1.0.255",
      { type: T.any, value: { type: "null-data" } },
      { read: { value: () => undefined as never } },
    );
    expect(codeOf(() => readAttribute(none, none.values, 2, context))).toBe("other-reason");
  });

  it("makes the context only for a hook", () => {
    const one = lamp();
    let made = 0;
    const making = () => {
      made++;
      return context;
    };
    const read = (id: number) => hexOf(readAttribute(one, one.values, id, making));
    expect([read(1), read(2), made]).toEqual(["09060000603200ff", "1107", 0]);
    expect([read(4), made]).toEqual(["1204d2", 1]);
  });

  it("waits for a hook that promises, and only then", async () => {
    const later = dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 0 }, { read: { value: async () => 9 } });
    const value = readAttribute(later, later.values, 2, context);
    expect(value).toBeInstanceOf(Promise);
    expect(hexOf(await value)).toBe("1109");
  });
});

describe("writing", () => {
  it("takes the class's type and nothing else, and keeps the old value otherwise", () => {
    const one = lamp();
    writeAttribute(one, one.values, 2, { type: "unsigned", value: 50 }, context);
    expect(one.values.level).toBe(50);
    const wrong: Data[] = [
      { type: "long-unsigned", value: 5 },
      { type: "null-data" },
      { type: "structure", value: [{ type: "unsigned", value: 1 }] },
    ];
    for (const data of wrong) {
      expect(codeOf(() => writeAttribute(one, one.values, 2, data, context))).toBe("type-unmatched");
    }
    expect(codeOf(() => writeAttribute(one, one.values, 2, { type: "unsigned", value: 101 }, context))).toBe(
      "other-reason",
    );
    expect(one.values.level).toBe(50);
    for (const id of [0, 1, 3, 99]) {
      expect(codeOf(() => writeAttribute(one, one.values, id, { type: "unsigned", value: 1 }, context))).toBe(
        "object-undefined",
      );
    }
  });

  it("refuses a structure of another arity", () => {
    const one = object(Register, "1.0.1.8.0.255", {
      value: { type: "null-data" },
      scalerUnit: { scaler: 0, unit: "Wh" },
    });
    const three: Data = {
      type: "structure",
      value: [
        { type: "integer", value: 0 },
        { type: "enum", value: 30 },
        { type: "enum", value: 30 },
      ],
    };
    expect(codeOf(() => writeAttribute(one, one.values, 3, three, context))).toBe("type-unmatched");
    writeAttribute(one, one.values, 2, { type: "unsigned", value: 4 }, context);
    expect(one.values.value).toEqual({ type: "unsigned", value: 4 });
  });
});

describe("invoking", () => {
  it("runs the hook with the argument's value; a method without a hook is not there", () => {
    const one = lamp();
    expect(hexOf(invokeMethod(one, one.values, 1, { type: "integer", value: 2 }, context) as DataLike)).toBe("1105");
    expect(one.values.level).toBe(5);
    expect(hasMethod(one, 1)).toBe(true);
    expect(hasMethod(one, 2)).toBe(false);
    for (const id of [0, 2, 99])
      expect(codeOf(() => invokeMethod(one, one.values, id, undefined, context))).toBe("object-undefined");
    expect(codeOf(() => invokeMethod(one, one.values, 1, { type: "boolean", value: true }, context))).toBe(
      "type-unmatched",
    );
  });

  it("takes integer(0) for an argument that is left out", () => {
    const energy = register(
      "1-0:1.8.0",
      { type: T.doubleLongUnsigned, value: 42, unit: "Wh" },
      {
        invoke: {
          reset: (values) => {
            values.value = 0;
          },
        },
      },
    );
    expect(invokeMethod(energy, energy.values, 1, undefined, context)).toBeUndefined();
    expect(energy.values.value).toBe(0);
  });
});

describe("classes", () => {
  it("infers values, names and hooks from the literal", () => {
    const voltage = object(retype(Register, "value", T.longUnsigned), "1.0.32.7.0.255", {
      value: 230,
      scalerUnit: { scaler: 0, unit: "V" },
    });
    voltage.values.value += 1;
    expect(hexOf(readAttribute(voltage, voltage.values, 2, context))).toBe("1200e7");
    expect(hexOf(readAttribute(voltage, voltage.values, 3, context))).toBe("02020f001623");
    expect(attributeName(ProfileGeneric, 7)).toBe("entriesInUse");
    expect(hasAttribute(voltage, 4)).toBe(false);
    // @ts-expect-error a value of the wrong type
    expect(() => object(Lamp, "0.0.96.50.0.255", { level: "x", hours: 0 })).not.toThrow();
    expect(codeOf(() => dataObject("1.2", { type: T.any, value: { type: "null-data" } }))).toBe("bad-logical-name");
  });

  it("has units by symbol or number", () => {
    expect(unitCode("Wh")).toBe(30);
    expect(unitCode(200)).toBe(200);
    expect(codeOf(() => unitCode("parsec" as never))).toBe("bad-unit");
    expect(codeOf(() => unitCode(256))).toBe("bad-unit");
    expect(UnitCodec.fromJson("V")).toBe("V");
    expect(UnitCodec.fromJson(35)).toBe("V");
    expect(UnitCodec.fromJson(200)).toBe(200);
    expect(UnitCodec.toJson("V")).toBe("V");
    expect(codeOf(() => UnitCodec.fromJson("toString"))).toBe("bad-unit");
  });
});

describe("values now or later", () => {
  it("stays synchronous without a promise", async () => {
    expect(after(1, (one) => one + 1)).toBe(2);
    expect(await after(Promise.resolve(1), (one) => one + 1)).toBe(2);
    expect(afterEach([1, 2, 3], (one) => one * 2)).toEqual([2, 4, 6]);
    const order: number[] = [];
    const slow = afterEach([3, 1, 2], async (one) => {
      await new Promise((resolve) => setTimeout(resolve, one));
      order.push(one);
      return one;
    });
    expect(await slow).toEqual([3, 1, 2]);
    expect(order).toEqual([3, 1, 2]);
    expect(
      attempt(
        () => 1,
        () => 2,
      ),
    ).toBe(1);
    expect(
      attempt(
        () => {
          throw new Error("now");
        },
        () => 2,
      ),
    ).toBe(2);
    expect(
      await attempt(
        () => Promise.reject(new Error("later")),
        () => 2,
      ),
    ).toBe(2);
    expect(
      await attempt(
        () => Promise.resolve(1),
        () => 2,
      ),
    ).toBe(1);
  });

  it("knows a refusal from any other error", () => {
    expect(refusalOf(refuse("temporary-failure"))).toBe("temporary-failure");
    expect(refusalOf(new Fault("temporary-failure", "", { layer: "client" }))).toBeUndefined();
    // What the compiler would not let pass.
    const layer: string = "cosem";
    expect(refusalOf(new Fault("toString", "", { layer }))).toBeUndefined();
    expect(refusalOf(new Fault("success", "", { layer }))).toBeUndefined();
    expect(refusalOf(new Error("x"))).toBeUndefined();
    expect(treeOf({ type: "encoded", octets: Uint8Array.of(0) })).toEqual({ type: "null-data" });
  });
});
