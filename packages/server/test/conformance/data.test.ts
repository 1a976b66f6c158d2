import { type Data, encodeData, T } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { AccessBit, dataObject, profileGeneric, register, rightsOf } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { type Access, meter, none } from "../../src/index.ts";
import { Bench, type Client } from "../a-client.ts";
import { aMeter } from "../a-meter.ts";
import { initiateRequest, outcome, type RawInitiate, rawAarq, say } from "./raw-aarq.ts";

// Each case is played to a served meter over the wrapper, in octets.

const getEnergy = "c001c100030100010800ff0200";
const energy = "c401c10006000004d2";
const limit = "000100006001 0bff02".replace(" ", "");
const exception = /^d80[12]0[0-9]$/;

async function opened(made = aMeter().meter, more: RawInitiate = {}, sap = 1): Promise<Client> {
  const client = new Bench(made).client({ client: sap });
  const userInformation = initiateRequest(more);
  expect(await outcome(client, rawAarq({ userInformation }))).toBe("accepted");
  return client;
}

const alive = async (client: Client): Promise<void> => expect(await say(client, getEnergy)).toBe(energy);

/** A meter whose only client has these rights. */
const rightsMeter = (access: Access) =>
  meter({
    name: "RGT1",
    objects: [
      dataObject("0.0.96.1.11.255", { type: T.unsigned, value: 5 }),
      register(
        "1.0.1.8.0.255",
        { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" },
        { invoke: { reset: () => undefined } },
      ),
    ],
    associations: { open: { client: 1, security: none(), access } },
  });

const shortNameMeter = () => {
  const note = dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 7 });
  const other = dataObject("0.0.96.1.1.255", { type: T.unsigned, value: 8 });
  const made = meter({
    ...{ name: "SHO1", objects: [note, other], referencing: "either" },
    baseNames: { "0.0.96.1.0.255": 0x3000, "0.0.96.1.1.255": 0x3100 },
    associations: { open: { client: 16, security: none(), access: "full" } },
  });
  return { made, note, other };
};

async function openedByName(conformance = "1c0320") {
  const { made, note, other } = shortNameMeter();
  const client = new Bench(made).client({ client: 16 });
  const aarq = rawAarq({ context: "02", userInformation: initiateRequest({ conformance }) });
  expect(await outcome(client, aarq)).toBe("accepted");
  return { client, note, other };
}

describe("data services by logical names, in octets", () => {
  it.each([
    ["D1 unknown choice of GET", "c004c1000f0000280000ff0100"],
    ["D2 elements of a GET missing", "c001c1000028000100"],
    ["D4 unknown choice of SET", `c106c1${limit}00110 9`.replace(" ", "")],
    ["D4 SET cut off", "c101c1000f0000280000"],
    ["D5 Read in an LN association", "050102fa00"],
    ["D5 Write in an LN association", "060102fa00011109"],
  ])("%s: an exception, nothing is written, the association goes on", async (_, hex) => {
    const { meter: made, limit: object } = aMeter();
    const client = await opened(made);
    expect(await say(client, hex)).toMatch(exception);
    expect(object.values.value).toBe(5);
    await alive(client);
  });

  it("D3: an object that is not there", async () => {
    expect(await say(await opened(), "c001c10003ffffffffffff0200")).toBe("c401c10104");
  });

  it("D9: what was not negotiated has no effect", async () => {
    const { meter: made, limit: object, energy: counted } = aMeter();
    // get and set alone: bits 19 and 20.
    const client = await opened(made, { conformance: "000018" });
    for (const hex of [
      "c301c100030100010800ff01010f00",
      "c001c100070100630100ff020102020406000000 01060000000112000112 0000".replaceAll(" ", ""),
      `c003c102${limit}00${limit}00`,
      "c001c100030100010800ff0000",
      `c105c101${limit}0000`.replace("c105c101", "c104c101"),
      `d94000000100010 1${limit}0100`.replace(" ", ""),
      "e0810001000000",
    ]) {
      expect(await say(client, hex), hex).toMatch(exception);
    }
    expect([object.values.value, counted.values.value]).toEqual([5, 1234]);
    await alive(client);
  });

  it("D10: attributes 0, 99 and -1, another class, method 99", async () => {
    const client = await opened();
    expect(await say(client, "c001c100030100010800ff0000")).toMatch(exception);
    for (const id of ["63", "ff"]) expect(await say(client, `c001c100030100010800ff${id}00`)).toBe("c401c10104");
    expect(await say(client, "c001c100010100010800ff0200")).toBe("c401c10109");
    expect(await say(client, "c101c100010100010800ff020006000000 00".replace(" ", ""))).toBe("c501c109");
    expect(await say(client, "c301c100030100010800ff6300")).toBe("c701c10400");
    expect(await say(client, "c301c100010100010800ff0100")).toBe("c701c10900");
    await alive(client);
  });

  it("D11: rights: write-only, read-only, none, and those that need authentication", async () => {
    const rights = (attribute: number, method: number): Access =>
      rightsOf([
        { instance: "0.0.96.1.11.255", attributes: { 1: AccessBit.read, 2: attribute } },
        { instance: "1.0.1.8.0.255", attributes: { 1: AccessBit.read, 2: AccessBit.read }, methods: { 1: method } },
      ]);
    const answers = async (attribute: number, method: number): Promise<string[]> => {
      const client = await opened(rightsMeter(rights(attribute, method)));
      const asked = [
        `c001c1${limit}00`,
        `c101c1${limit}001109`,
        `c001c1${limit}00`,
        "c301c100030100010800ff01010f00",
        getEnergy,
      ];
      const all: string[] = [];
      for (const hex of asked) all.push(await say(client, hex));
      return all;
    };
    expect(await answers(AccessBit.write, 0)).toEqual([
      ...["c401c10103", "c501c100", "c401c10103", "c701c10300", energy],
    ]);
    expect(await answers(AccessBit.read, 0)).toEqual([
      ...["c401c1001105", "c501c103", "c401c1001105", "c701c10300", energy],
    ]);
    const authenticated = AccessBit.read | AccessBit.write | AccessBit.authenticatedRequest;
    expect(await answers(authenticated, AccessBit.invoke | AccessBit.authenticatedRequest)).toEqual([
      ...["c401c1010d", "c501c10d", "c401c1010d", "c701c10d00", energy],
    ]);
  });

  it("D12: another type, another arity, out of range: the old value is kept", async () => {
    const client = await opened();
    const before = await say(client, `c001c1${limit}00`);
    for (const [data, result] of [
      ["120009", "0c"],
      ["0201 1109".replace(" ", ""), "0c"],
      ["1165", "fa"],
      ["00", "0c"],
    ]) {
      expect(await say(client, `c101c1${limit}00${data}`)).toBe(`c501c1${result}`);
    }
    // control_mode of a Disconnect control: an enumeration of 0 to 7.
    const mode = "00460000600 30aff04".replace(" ", "");
    const old = await say(client, `c001c1${mode}00`);
    expect(await say(client, `c101c1${mode}0016c8`)).toMatch(/^c501c1(0c|fa)$/);
    expect(await say(client, `c001c1${mode}00`)).toBe(old);
    expect(await say(client, `c001c1${limit}00`)).toBe(before);
  });

  it("D13: invoke id, priority and class of service are echoed; unconfirmed there is no answer", async () => {
    const { meter: made, limit: object } = aMeter();
    const client = await opened(made);
    for (let invokeId = 0; invokeId < 16; invokeId++) {
      for (const bits of [0x40, 0xc0]) {
        const id = (invokeId | bits).toString(16).padStart(2, "0");
        expect(await say(client, `c001${id}00030100010800ff0200`)).toBe(`c401${id}0006000004d2`);
      }
    }
    for (const id of ["01", "8f"]) {
      object.values.value = 5;
      expect(await say(client, `c101${id}${limit}001109`)).toBe("");
      expect(object.values.value).toBe(9);
    }
    await alive(client);
  });

  it("D14: a list with good and bad items: each result in its place", async () => {
    const items = ["00030100010800ff0200", "0003ffffffffffff0200", `${limit}00`, "00010100010800ff0200"];
    expect(await say(await opened(), `c003c104${items.join("")}`)).toBe(
      "c403c104 0006000004d2 0104 001105 0109".replaceAll(" ", ""),
    );
  });

  it("D15: lists whose counts differ or lie: refused, and nothing is written", async () => {
    const { meter: made, limit: object } = aMeter();
    const client = await opened(made);
    for (const hex of [
      `c104c102${limit}00${limit}00011109`,
      `c104c101${limit}00021109110a`,
      "c103c100",
      "c003c100",
      `c003c182ffff${limit}00${limit}00${limit}00`,
      `c104c184ffffffff${limit}00011109`,
    ]) {
      expect(await say(client, hex), hex).toMatch(/^(d8|c505c100$|c403c100$)/);
      expect(object.values.value).toBe(5);
      await alive(client);
    }
  });

  it("D16: selective access that cannot be served: refused or empty, never the whole buffer", async () => {
    const time = aMeter().time;
    const counted = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" });
    const load = profileGeneric("1.0.99.1.0.255", { capture: [time, counted], entries: 100, period: 900 });
    const made = meter({
      ...{ name: "PRF1", objects: [time, counted, load] },
      associations: { open: { client: 1, security: none(), access: "full" } },
    });
    const bench = new Bench(made, { limits: { inactivity: 0 } });
    for (let quarter = 0; quarter < 6; quarter++) {
      bench.clock.advance(900_000);
      await bench.settle(2);
    }
    const client = bench.client({ client: 1 });
    expect(await outcome(client, rawAarq())).toBe("accepted");
    const buffer = "000701006301 00ff02".replace(" ", "");
    const whole = await say(client, `c001c1${buffer}00`);
    expect(whole).toMatch(/^c40(1c10001|2c1)/);
    const entries = (from: number, to: number, first: number, last: number): string => {
      const octets = (value: number, count: number): string => value.toString(16).padStart(count * 2, "0");
      return `0204 06${octets(from, 4)} 06${octets(to, 4)} 12${octets(first, 2)} 12${octets(last, 2)}`.replaceAll(
        " ",
        "",
      );
    };
    const ranged = (from: string, to: string): string =>
      `020402041200080906000001 0000ff0f02120000090c${from}090c${to}0100`.replaceAll(" ", "");
    const clockOctets = (hour: string): string => `07ea0b18ff${hour}000000800000`;
    const good = await say(client, `c001c1${buffer}0102${entries(1, 2, 1, 0)}`);
    expect(good).toMatch(/^c401c1000102/);
    const all: [string, string][] = [
      ["unknown selector", `0109${entries(1, 2, 1, 0)}`],
      ["selector 0", `0100${entries(1, 2, 1, 0)}`],
      ["entry 0", `0102${entries(0, 2, 1, 0)}`],
      ["first column 0", `0102${entries(1, 2, 0, 2)}`],
      ["columns out of range", `0102${entries(1, 2, 1, 9)}`],
      ["columns the wrong way round", `0102${entries(1, 2, 2, 1)}`],
      ["from above to", `0102${entries(5, 2, 1, 0)}`],
      ["beyond the last entry", `0102${entries(5000, 5001, 1, 0)}`],
      ["range without values", "010100"],
      ["range from above to", `0101${ranged(clockOctets("17"), clockOctets("01"))}`],
    ];
    for (const [name, selection] of all) {
      const answer = await say(client, `c001c1${buffer}${selection}`);
      expect(answer, name).toMatch(/^c401c1(01(fa|0c)|000100)$/);
    }
  });

  it("D18: what is longer than the client takes is refused where there are no blocks, not cut off", async () => {
    const client = await opened(aMeter().meter, { conformance: "000018", pduSize: 64 });
    const answer = await say(client, "c001c1000f0000280000ff0200");
    expect(answer).toBe("c401c101fa");
  });
});

describe("data services by short names, in octets", () => {
  it("D6: Reads that cannot be read, of names that are not there", async () => {
    const { client } = await openedByName();
    for (const hex of ["0501093008", "050102", "05020230 08".replace(" ", ""), "0501"]) {
      expect(await say(client, hex), hex).toMatch(/^(0e05|d8)/);
    }
    expect(await say(client, "0501021238")).toBe("0c010104");
    expect(await say(client, "0501023008")).toBe("0c01001107");
  });

  it("D7: Writes that cannot be read, whose counts differ: nothing is written", async () => {
    const { client, note, other } = await openedByName();
    for (const hex of [
      "060109300801110 9".replace(" ", ""),
      "06010230",
      "0602023008023108011109",
      "060102300802 1109110a".replace(" ", ""),
    ]) {
      expect(await say(client, hex), hex).toMatch(/^(0e06|d8)/);
    }
    expect([note.values.value, other.values.value]).toEqual([7, 8]);
    expect(await say(client, "060102123801110 9".replace(" ", ""))).toBe("0d010104");
    expect(await say(client, "060102300801110 9".replace(" ", ""))).toBe("0d0100");
    expect(note.values.value).toBe(9);
  });

  it("D8: logical-name services and services that were not negotiated", async () => {
    const { client, note } = await openedByName("100000");
    for (const hex of ["c001c100010000600100ff0200", "060102300801110 9".replace(" ", "")]) {
      expect(await say(client, hex), hex).toMatch(/^(0e|d8)/);
    }
    expect(note.values.value).toBe(7);
    expect(await say(client, "0501023008")).toBe("0c01001107");
  });
});

it("a value is written as the octets say, bit by bit", async () => {
  const client = await opened();
  const value: Data = { type: "structure", value: [{ type: "unsigned", value: 9 }, { type: "null-data" }] };
  const anything = "00010000600 10fff02".replace(" ", "");
  expect(await say(client, `c101c1${anything}00${toHex(encodeData(value))}`)).toBe("c501c100");
  expect(fromHex(await say(client, `c001c1${anything}00`)).subarray(4)).toEqual(encodeData(value));
});
