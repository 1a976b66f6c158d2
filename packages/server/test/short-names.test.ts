import { type Data, decodeApdu, fromData, T, treeOf } from "@dlmskit/apdu";
import { shortNameNegotiable } from "@dlmskit/association";
import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import {
  type AnyObject,
  baseNames,
  clock,
  dataObject,
  informationReport,
  interfaceClass,
  object,
  register,
  ShortNameListElement,
} from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { type Call, lls, type MeterOptions, meter, none } from "../src/index.ts";
import { Bench, type Client, type ClientOptions } from "./a-client.ts";

const conformance = [...shortNameNegotiable].filter((name) => name !== "general-protection");
const short: ClientOptions = { context: "short-name", conformance };

const objects = (): AnyObject[] => [
  clock(),
  register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 5009, unit: "Wh", resetTo: 0 }),
  dataObject("0-0:96.1.0", { type: T.octetString, value: fromAscii("12345678") }),
];

function aMeter(more: Partial<MeterOptions> = {}) {
  return meter({
    name: "SHO0000000000001",
    objects: objects(),
    referencing: "either",
    associations: {
      open: { client: 16, security: none(), access: "full" },
      reader: { client: 32, security: lls("12345678"), access: "read" },
    },
    ...more,
  });
}

async function opened(own = aMeter(), options: ClientOptions = {}, calls: Call[] = []): Promise<Client> {
  const interceptor = (call: Call, next: () => never) => {
    calls.push(call);
    return next();
  };
  const client = await new Bench(own, { interceptors: [interceptor as never] }).client({ ...short, ...options }).open();
  expect(client.opened).toBe(true);
  return client;
}

const say = async (client: Client, hex: string): Promise<string> =>
  toHex((await client.raw(fromHex(hex.replaceAll(" ", "")))) ?? new Uint8Array(0));

const hexOf = (name: number): string => name.toString(16).padStart(4, "0");
const List = T.array(ShortNameListElement);

async function listOf(client: Client) {
  const answer = decodeApdu(fromHex(await say(client, "050102fa08")));
  if (answer.apdu !== "read-response") throw new Error(answer.apdu);
  const [result] = answer.results;
  return fromData(List, result?.data as Data).map((one) => ({ ...one, baseName: one.baseName & 0xffff }));
}

const baseOf = async (client: Client, instance: string): Promise<number> =>
  (await listOf(client)).find(({ instanceId }) => instanceId === instance)?.baseName as number;

describe("a meter by short names, octets on the wire", () => {
  it("O10: unique, the last three bits 0, attribute n at base + 8 (n - 1); the standard's own names", async () => {
    const client = await opened();
    const list = await listOf(client);
    expect(new Set(list.map(({ baseName }) => baseName)).size).toBe(list.length);
    for (const { baseName, instanceId } of list) {
      expect(baseName % 8).toBe(0);
      // Attribute 1 is the logical name.
      const name = instanceId
        .split(".")
        .map((part) => Number(part).toString(16).padStart(2, "0"))
        .join("");
      expect(await say(client, `050102${hexOf(baseName)}`)).toBe(`0c01000906${name}`);
    }
    const reserved = list
      .filter(({ baseName }) => baseName >= 0xfa00)
      .map(({ baseName, classId, instanceId }) => [baseName, classId, instanceId]);
    expect(reserved).toEqual([
      [0xfa00, 12, "0.0.40.0.0.255"],
      [0xfc00, 17, "0.0.41.0.0.255"],
      [0xfd00, 1, "0.0.42.0.0.255"],
    ]);
    const energy = await baseOf(client, "1.0.1.8.0.255");
    expect(await say(client, `050202${hexOf(energy + 8)}02${hexOf(energy + 16)}`)).toBe(
      "0c02000600001391000202 0f00161e".replace(" ", ""),
    );
    for (const name of [energy + 4, energy + 24, energy + 7, 0, 0xfff8]) {
      expect(await say(client, `050102${hexOf(name)}`), hexOf(name)).toBe("0c010104");
    }
  });

  it("names are the same in every process: a function of the object list", async () => {
    const one = await listOf(await opened());
    const other = await listOf(await opened(aMeter({ name: "SHO0000000000002" })));
    expect(other).toEqual(one);
  });

  it("methods by Read with a parameter, by Write and by UnconfirmedWrite; a plain Read of one is denied", async () => {
    const calls: Call[] = [];
    const energy = await baseOf(await opened(), "1.0.1.8.0.255");
    const value = `050102${hexOf(energy + 8)}`;
    const reset = hexOf(energy + 0x28);
    for (const [invoke, answer] of [
      [`050104${reset}000f00`, "0c010000"],
      [`050104${reset}0000`, "0c010000"],
      [`060102${reset}010f00`, "0d0100"],
      [`160102${reset}010f00`, ""],
    ] as const) {
      const client = await opened(aMeter(), {}, calls);
      expect(await say(client, value)).toBe("0c01000600001391");
      expect(await say(client, invoke), invoke).toBe(answer);
      expect(await say(client, value)).toBe("0c01000600000000");
    }
    const client = await opened();
    expect(await say(client, `050102${reset}`)).toBe("0c010103");
    expect(await say(client, `050104${reset}010f00`)).toBe("0c0101fa");
    // Every way ends in the same call (decision 17).
    expect(
      calls
        .filter((call) => call.do === "invoke")
        .map(({ classId, instanceId, index }) => [classId, instanceId, index]),
    ).toEqual(Array.from({ length: 4 }, () => [3, "1.0.1.8.0.255", 1]));
  });

  it("D12: a wrong type changes nothing; the others of a list are written", async () => {
    const client = await opened();
    // The time zone of the clock is a long.
    const zone = hexOf((await baseOf(client, "0.0.1.0.0.255")) + 16);
    const text = await baseOf(client, "0.0.96.1.0.255");
    const pdu = `060202${zone}02${hexOf(text + 8)}020f010902 4142`;
    expect(await say(client, pdu)).toBe("0d02010c00");
    expect(await say(client, `050202${zone}02${hexOf(text + 8)}`)).toBe("0c020010000000090241 42".replace(" ", ""));
  });

  it("18.8: object_list by class, by class and logical name, by base name", async () => {
    const client = await opened();
    const energy = await baseOf(client, "1.0.1.8.0.255");
    const element = `020410${hexOf(energy)}120003110009060100010800ff`;
    expect(await say(client, "050104fa0801120003")).toBe(`0c01000101${element}`);
    // One object is an element, not a list of one: clients of jDLMS read its base name from the structure.
    expect(await say(client, "050104fa08020202120003 09060100010800ff")).toBe(`0c0100${element}`);
    expect(await say(client, `050104fa080310${hexOf(energy)}`)).toBe(`0c0100${element}`);
    expect(await say(client, "050104fa08020202120003 09060100090800ff")).toBe("0c010104");
    expect(await say(client, "050104fa080310 7ff8")).toBe("0c010104");
    expect(await say(client, "050104fa0801120063")).toBe("0c01000100");
    expect(await say(client, "050104fa0804120063")).toBe("0c0101fa");
    expect(await say(client, "050104fa08010f00")).toBe("0c0101fa");
  });

  it("sn-019: read_by_logicalname, held against the rights of each value", async () => {
    const client = await opened();
    const asked = "050104fa30000102 020312000109060000 2a0000ff0f02 0203120003 09060100010800ff0f03";
    expect(await say(client, asked)).toBe(
      `0c01000202 0910${toHex(fromAscii("SHO0000000000001"))} 02020f00161e`.replaceAll(" ", ""),
    );
    expect(await say(client, "050104fa30000101020312000309060100010900ff0f02")).toBe("0c010104");
    expect(await say(client, "050104fa30000101020312000109060100010800ff0f02")).toBe("0c010104");
    expect(await say(client, "050104fa30000101020312000c09060000280000ff0f01")).toBe("0c0100020109060000280000ff");
    const reader = await opened(aMeter(), { client: 32, mechanism: 1, secret: fromAscii("12345678") });
    expect(await say(reader, "050104fa30000101020312000309060100010800ff0f02")).toBe(
      "0c01000201 0600001391".replace(" ", ""),
    );
    const secret = await say(
      await opened(aMeter({ associations: { public: { client: 16, security: none(), access: "public" } } })),
      "050104fa30000101020312000309060100010800ff0f02",
    );
    expect(secret).toBe("0c010104");
  });

  it("versions 0 and 1 of Association SN: one object, those of a class, what a client may do with them", async () => {
    for (const shortNameVersion of [0, 1] as const) {
      const associations = { open: { client: 16, security: none(), access: "full", shortNameVersion } } as const;
      const client = await opened(aMeter({ associations }));
      const energy = await baseOf(client, "1.0.1.8.0.255");
      const element = `020410${hexOf(energy)}120003110009060100010800ff`;
      expect(await say(client, "050104fa2000120003")).toBe(
        shortNameVersion === 0 ? `0c01000101${element}` : "0c010104",
      );
      expect(await say(client, "050104fa28000202120003 09060100010800ff")).toBe(
        shortNameVersion === 0 ? `0c0100${element}` : "0c010104",
      );
      const rights = await say(client, "050104fa3800010102021200030906 0100010800ff");
      expect(rights).toMatch(new RegExp(`^0c01000101020310${hexOf(energy)}`));
      // Attribute 3 is there from version 2 on.
      expect(await say(client, "050102fa10")).toBe("0c010104");
    }
  });

  it("what a long answer needs: blocks, and none without the bit", async () => {
    const blob = dataObject("0-0:96.1.1", { type: T.octetString, value: new Uint8Array(900).fill(7) });
    const own = () => aMeter({ objects: [...objects(), blob] });
    const client = await opened(own(), { maxReceivePduSize: 128 });
    const name = hexOf((await baseOf(await opened(own()), "0.0.96.1.1.255")) + 8);
    expect((await say(client, `050102${name}`)).slice(0, 14)).toBe("0c010200000179");
    const whole = await opened(own(), { maxReceivePduSize: 128, conformance: ["read", "write"] });
    expect(await say(whole, `050102${name}`)).toBe("0c0101fa");
  });

  it("an association tells how it was opened: context 2", async () => {
    const own = aMeter();
    const calls: Call[] = [];
    await say(await opened(own, {}, calls), "050102fa08");
    expect(calls[0]).toMatchObject({ do: "read", classId: 12, index: 2, instanceId: "0.0.40.0.0.255" });
  });
});

describe("an InformationReport", () => {
  const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
  const reporting = (attribute = energy, at?: number) =>
    dataObject(
      "0-0:96.1.9",
      { type: T.octetString, value: new Uint8Array(0) },
      { read: { value: (_, { device }) => informationReport(device, [attribute], at) } },
    );
  const reported = async (report: AnyObject, more: Partial<MeterOptions> = {}): Promise<string> => {
    const own = aMeter({ objects: [...objects(), report], baseNames: { "1-0:1.8.0": 0x2000 }, ...more });
    const data = treeOf(await own.get({ classId: 1, instanceId: "0.0.96.1.9.255", attributeId: 2 }));
    return toHex(data.type === "octet-string" ? data.value : new Uint8Array(0));
  };

  it("sn-018: values by short name, with and without time", async () => {
    expect(await reported(reporting())).toBe("180001022008010600001391");
    expect(await reported(reporting(energy, Date.UTC(2026, 10, 27, 21)))).toBe(
      "18010f32303236313132373231303030305a01022008010600001391",
    );
  });

  it("refuses what has no short name", async () => {
    const nothing = { code: "object-undefined" };
    await expect(reported(reporting({ ...energy, instanceId: "1.0.9.8.0.255" }))).rejects.toMatchObject(nothing);
    await expect(reported(reporting({ ...energy, attributeId: -1 }))).rejects.toMatchObject(nothing);
    const logical = { referencing: "logical-name", baseNames: {} } as const;
    await expect(reported(reporting(), logical)).rejects.toMatchObject(nothing);
  });
});

describe("base names", () => {
  const names = (stated: { readonly [instance: string]: number }) => baseNames(objects(), { stated });

  it("may be stated; the others get what is free", () => {
    const found = baseNames(objects(), { stated: { "1-0:1.8.0": 0x0100, "0-0:1.0.0": 0x8000 } });
    expect(found.all.map(({ baseName, object: { instance } }) => [baseName, instance])).toEqual([
      [0x0100, "1.0.1.8.0.255"],
      [0x0130, "0.0.96.1.0.255"],
      [0x8000, "0.0.1.0.0.255"],
    ]);
    expect(found.find(0x8060)).toMatchObject({ methodId: 1 });
    expect(found.find(0x8068)).toMatchObject({ methodId: 2 });
  });

  it.each([
    [{ "1-0:1.8.0": 0x0101 }, "multiple of 8"],
    [{ "1-0:1.8.0": 0xfffff8 }, "multiple of 8"],
    [{ "1-0:1.8.0": 0xfff8 }, "16 bits"],
    [{ "1-0:1.8.0": 0xfa00 }, "are the standard's"],
    [{ "1-0:1.8.0": 0xf9f8 }, "are the standard's"],
    [{ "1-0:1.8.0": 0x0100, "0-0:96.1.0": 0x0128 }, "takes it"],
    [{ "1-0:9.8.0": 0x0100 }, "no such object"],
  ])("%o is refused: %s", (stated, why) => {
    expect(() => names(stated)).toThrow(why);
    expect(() => aMeter({ baseNames: stated })).toThrow(why);
  });

  it("a reserved name cannot be given to another place", () => {
    expect(() => aMeter({ baseNames: { "0-0:42.0.0": 0x2000 } })).toThrow("the standard gives it 0xfd00");
  });

  it("objects that need more than 16 bits have room for are refused before a client comes", () => {
    const many = Array.from({ length: 3000 }, (_, at) =>
      dataObject(`1.0.${at >> 8}.${at & 0xff}.0.255`, { type: T.unsigned, value: 1 }),
    );
    expect(baseNames(many).all).toHaveLength(3000);
    const more = [...many, ...many.map((one) => ({ ...one, instance: one.instance.replace(/^1/, "2") }))];
    expect(() => baseNames(more)).toThrow(expect.objectContaining({ code: "short-names-exhausted" }));
  });

  it("a class whose methods would lie on its attributes is refused; one that tells no offset has methods without short names", async () => {
    const attributes = { value: { id: 2, type: T.unsigned, static: true } } as const;
    const methods = { go: { id: 1, argument: T.integer } } as const;
    const made = (more: { methodOffset?: number }) =>
      object(
        interfaceClass({ classId: 9000, version: 0, name: "Own", attributes, methods, ...more }),
        "0-0:94.1.0",
        { value: 1 },
        { invoke: { go: () => undefined } },
      );
    expect(() => baseNames([made({ methodOffset: 8 })])).toThrow("already used");
    const own = baseNames([made({})]);
    expect(own.find(0x0110)).toBeUndefined();
    expect(baseNames([made({ methodOffset: 0x10 })]).find(0x0110)).toMatchObject({ methodId: 1 });
    const client = await opened(aMeter({ objects: [...objects(), made({ methodOffset: 0x20 })] }));
    const base = await baseOf(client, "0.0.94.1.0.255");
    expect(await say(client, `060102${hexOf(base + 0x20)}010f00`)).toBe("0d0100");
  });
});
