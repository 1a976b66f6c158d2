import { type Data, type DataLike, encodeData, shapeOf, T } from "@dlmskit/apdu";
import { type Codec, fromHex, type Json, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { sampleObject } from "../../../test/sample-data.ts";
import {
  type AnyObject,
  attributeIds,
  attributeName,
  type ClassSpec,
  cloneObject,
  defaultObject,
  IecHdlcSetup1,
  interfaceClass,
  interfaceClasses,
  invokeMethod,
  objectFromJson,
  objectToJson,
  objectView,
  Register,
  readAttribute,
  retype,
  unknownClass,
  writeAttribute,
} from "../src/index.ts";
import { codeOf, contextOf } from "./a-context.ts";

const Lamp = interfaceClass({
  classId: 9001,
  version: 0,
  name: "Lamp",
  attributes: {
    level: { id: 2, type: T.unsigned, static: true, range: [0, 100], default: 50 },
    since: { id: 3, type: T.structure({ on: T.dateTimeOctets, hours: T.long64Unsigned }), static: false },
  },
  methods: { dim: { id: 1, argument: T.integer } },
});

const name = "0.0.96.50.0.255";
const classes: readonly ClassSpec[] = [...interfaceClasses, Lamp];
const named = classes.map((spec): [string, ClassSpec] => [`${spec.name} (${spec.classId}, ${spec.version})`, spec]);

const read = (object: AnyObject, id: number): string =>
  toHex(encodeData(readAttribute(object, object.values, id, contextOf([object])) as DataLike));
const write = (object: AnyObject, id: number, data: DataLike): void => {
  writeAttribute(object, object.values, id, data, contextOf([object]));
};
const readAll = (object: AnyObject): readonly string[] =>
  attributeIds(object.spec).map((id) => `${id} ${read(object, id)}`);

/** Data that is not of the attribute's type: of no type at all, or with an element too many. */
function wrongData(spec: ClassSpec, id: number): readonly DataLike[] {
  const shape = shapeOf(spec.attributes[attributeName(spec, id) as string]?.type as Codec<unknown>);
  const tooMany: Data = { type: "structure", value: new Array(70).fill({ type: "null-data" }) };
  switch (shape?.type) {
    case "any":
      return [];
    case "structure":
      return [{ type: "dont-care" }, { type: "null-data" }, ...(shape.elements === undefined ? [] : [tooMany])];
    case "array": {
      const isOfStructures = shape.item?.type === "structure" && shape.item.elements !== undefined;
      return [{ type: "dont-care" }, ...(isOfStructures ? [{ type: "array", value: [tooMany] } as const] : [])];
    }
    default:
      return [{ type: "dont-care" }, tooMany];
  }
}

describe.each(named)("%s", (_, spec) => {
  it.each([
    ["defaults", defaultObject],
    ["something in every attribute", sampleObject],
  ] as const)("is made with %s, read, and each attribute is written with its own value", (__, make) => {
    const object: AnyObject = make(spec, name);
    expect(attributeIds(spec).filter((id) => object.values[attributeName(spec, id) as string] === undefined)).toEqual(
      [],
    );
    const before = readAll(object);
    expect(before).toHaveLength(Object.values(spec.attributes).filter(({ id }) => id !== 0).length);
    for (const id of attributeIds(spec)) {
      write(object, id, { type: "encoded", octets: fromHex(read(object, id)) });
    }
    expect(readAll(object)).toEqual(before);
  });

  it("1.2: refuses a wrong type or number of elements with type-unmatched, and nothing changes", () => {
    const object = defaultObject(spec, name);
    const before = readAll(object);
    for (const id of attributeIds(spec)) {
      for (const wrong of wrongData(spec, id)) {
        expect(
          codeOf(() => write(object, id, wrong)),
          `attribute ${id}`,
        ).toBe("type-unmatched");
      }
    }
    expect(readAll(object)).toEqual(before);
  });

  it("answers every method without a hook with object-undefined", () => {
    const object = defaultObject(spec, name);
    for (const { id } of Object.values(spec.methods)) {
      const invoked = (): unknown =>
        invokeMethod(object, object.values, id, { type: "integer", value: 0 }, contextOf([object]));
      expect(codeOf(invoked)).toBe("object-undefined");
    }
  });

  it("is cloned, goes through JSON, and is seen by a client by its names", () => {
    const object = sampleObject(spec, name);
    const clone = cloneObject(object, "0-0:96.51.0");
    expect(clone.instance).toBe("0.0.96.51.0.255");
    expect(readAll(clone)).toEqual(readAll(object));
    const json = JSON.parse(JSON.stringify(objectToJson(object))) as Json;
    const again = objectFromJson(json, [Lamp]);
    expect(again).toMatchObject({ spec, instance: name });
    expect(readAll(again)).toEqual(readAll(object));
    const view = objectView(spec.classId, spec.version, spec);
    for (const id of attributeIds(spec)) {
      const data = { type: "encoded", octets: fromHex(read(object, id)) } as const;
      expect(view.dataOf(id, view.valueOf(id, data)), `attribute ${id}`).toEqual(data);
    }
  });
});

describe("an object", () => {
  it("has the defaults of the class, the values given, and the type of both", () => {
    const hdlc = defaultObject(IecHdlcSetup1, "0-0:22.0.0", { deviceAddress: 17 });
    expect(hdlc.values).toMatchObject({
      commSpeed: 5,
      windowSizeTransmit: 1,
      interOctetTimeOut: 25,
      deviceAddress: 17,
    });
    expect(defaultObject(Register, "1-0:1.8.0").values.scalerUnit).toEqual({ scaler: 0, unit: "none" });
    expect(defaultObject(retype(Lamp, "level", T.longUnsigned), name).values.level).toBe(0);
    const own: Codec<number> = { ...T.unsigned, read: () => 7, write: T.unsigned.write };
    const opaque = { read: own.read, write: own.write, toJson: own.toJson, fromJson: own.fromJson };
    expect(codeOf(() => defaultObject(retype(Register, "value", T.structure({ own: opaque })), name))).toBe(
      "no-default",
    );
  });

  it("keeps a range", () => {
    const lamp = defaultObject(Lamp, name);
    expect(codeOf(() => write(lamp, 2, { type: "unsigned", value: 101 }))).toBe("other-reason");
    expect(lamp.values.level).toBe(50);
    write(lamp, 2, { type: "unsigned", value: 100 });
    expect(lamp.values.level).toBe(100);
  });

  it("of an unknown class has Data, in JSON, too", () => {
    const spec = unknownClass({ classId: 20000, version: 3, attributes: [1, 2, 5], methods: [4] });
    const value: Data = { type: "structure", value: [{ type: "bcd", value: 0x12 }] };
    const object = defaultObject(spec, name, { attribute5: value });
    expect(readAll(object)).toEqual(["2 00", "5 02010d12"]);
    const again = objectFromJson(JSON.parse(JSON.stringify(objectToJson(object))));
    expect(readAll(again)).toEqual(readAll(object));
    expect(again.spec).toMatchObject({ classId: 20000, version: 3 });
    expect(objectView(20000, 3).valueOf(5, value)).toEqual(value);
  });

  it("of JSON that is none is refused", () => {
    const json = objectToJson(defaultObject(Lamp, name));
    expect(codeOf(() => objectFromJson({ ...json, classId: "9001" } as never))).toBe("bad-json");
    expect(codeOf(() => objectFromJson({ ...json, attributes: { lvl: 1 } }, [Lamp]))).toBe("bad-json");
    expect(codeOf(() => objectFromJson(json as never))).toBe("bad-json");
    expect(codeOf(() => objectFromJson({ ...json, attributes: { level: 300 } }, [Lamp]))).toBe("out-of-range");
  });
});
