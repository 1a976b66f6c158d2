import { Fault, fromAscii, fromHex, toHex, toLatin1 } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  addresses,
  baudRateCharacter,
  baudRateOf,
  type DataSet,
  decodeCommand,
  decodeDataMessage,
  decodeIdentification,
  decodeLine,
  decodeOptionSelect,
  decodeRequest,
  encodeCommand,
  encodeDataMessage,
  encodeDataSet,
  encodeIdentification,
  encodeOptionSelect,
  encodeRequest,
  logicalNameOf,
  modeOf,
  withoutParity,
  withParity,
} from "../src/index.ts";
import { anyDataSet, anyIdentification, faultOf } from "./arbitraries.ts";

const properties = { numRuns: times(200) };

describe("the messages of the sign-on", () => {
  it.each([
    ["", "2f3f210d0a"],
    ["00123", "2f3f3030313233210d0a"],
  ])("request %j", (deviceAddress, hex) => {
    expect(toHex(encodeRequest({ deviceAddress }))).toBe(hex);
    expect(decodeRequest(fromHex(hex))).toEqual({ deviceAddress });
  });

  it("an identification with and without the offer of mode E", () => {
    const plain = { manufacturer: "ABC", baudRate: "5", enhanced: "", identification: "METER 1.0" };
    expect(toLatin1(encodeIdentification(plain))).toBe("/ABC5METER 1.0\r\n");
    expect(decodeIdentification(fromAscii("/LGZ5\\2ZMD4054407.B32\r\n"))).toEqual({
      manufacturer: "LGZ",
      baudRate: "5",
      enhanced: "2",
      identification: "ZMD4054407.B32",
    });
    // Without the end of the line, as people paste it.
    expect(decodeIdentification(fromAscii("/ABC5METER 1.0"))).toEqual(plain);
  });

  it("identifications go there and back", () => {
    fc.assert(
      fc.property(anyIdentification, (value) => {
        expect(decodeIdentification(encodeIdentification(value))).toEqual(value);
      }),
      properties,
    );
  });

  it("an option select of HDLC at 9600 baud", () => {
    const value = { protocol: 2, baudRate: "5", mode: 2 };
    expect(toHex(encodeOptionSelect(value))).toBe("063235320d0a");
    expect(decodeOptionSelect(fromHex("063235320d0a"))).toEqual(value);
  });

  it.each([
    [() => encodeRequest({ deviceAddress: "a/b" }), "bad-value"],
    [() => encodeRequest({ deviceAddress: "1".repeat(33) }), "bad-value"],
    [() => decodeRequest(fromAscii("/ABC5\r\n")), "bad-message"],
    [() => decodeIdentification(fromAscii("/?!\r\n")), "bad-message"],
    [() => decodeIdentification(fromAscii("/AB\r\n")), "bad-message"],
    [() => decodeIdentification(fromAscii(`/ABC5${"x".repeat(65)}`)), "bad-message"],
    [() => decodeIdentification(fromHex("2f41424335ff0d0a")), "bad-message"],
    [() => encodeIdentification({ manufacturer: "AB", baudRate: "5", enhanced: "", identification: "" }), "bad-value"],
    [() => encodeIdentification({ manufacturer: "ABC", baudRate: "", enhanced: "", identification: "" }), "bad-value"],
    [
      () => encodeIdentification({ manufacturer: "ABC", baudRate: "5", enhanced: "!", identification: "" }),
      "bad-value",
    ],
    [
      () => encodeIdentification({ manufacturer: "ABC", baudRate: "5", enhanced: "", identification: "\\2" }),
      "bad-value",
    ],
    [() => encodeOptionSelect({ protocol: 10, baudRate: "5", mode: 0 }), "bad-value"],
    [() => encodeOptionSelect({ protocol: 0, baudRate: "/", mode: 0 }), "bad-value"],
    [() => decodeOptionSelect(fromHex("0632350d0a")), "bad-message"],
    [() => decodeOptionSelect(fromHex("153235320d0a")), "bad-message"],
  ])("%s is refused: %s", (run, code) => {
    const fault = faultOf(run);
    expect(fault.code).toBe(code);
    expect(fault.layer).toBe("iec62056-21");
    expect(fault.hint).toBeDefined();
  });

  it("a device address counts without its leading zeros, and an empty one is everybody's", () => {
    expect(addresses("", "123")).toBe(true);
    expect(addresses("000123", "0123")).toBe(true);
    expect(addresses("124", "123")).toBe(false);
  });

  it.each([
    ["0", 300, "C"],
    ["5", 9600, "C"],
    ["6", 19200, "C"],
    ["A", 600, "B"],
    ["F", 19200, "B"],
    ["7", 300, "A"],
    ["z", 300, "A"],
  ])("Z %s is %i baud of mode %s", (character, rate, mode) => {
    expect(baudRateOf(character)).toBe(rate);
    expect(modeOf(character)).toBe(mode);
    if (mode !== "A") expect(baudRateCharacter(rate, mode as "B" | "C")).toBe(character);
  });

  it("no Z means 115200 baud, and none of mode B 300", () => {
    expect(faultOf(() => baudRateCharacter(115200)).code).toBe("bad-baud-rate");
    expect(faultOf(() => baudRateCharacter(300, "B")).hint).toBe("use one of 600, 1200, 2400, 4800, 9600, 19200");
  });
});

describe("parity", () => {
  it("of 7E1 and 7O1, as it is on the line", () => {
    expect(toHex(withParity(fromAscii("/?!\r\n"), "even"))).toBe("af3f218d0a");
    expect(toHex(withParity(fromAscii("/?!\r\n"), "odd"))).toBe("2fbfa10d8a");
  });

  it("there and back; any single bit that changes shows", () => {
    fc.assert(
      fc.property(fc.nat(0x7f), fc.constantFrom("even" as const, "odd" as const), fc.nat(7), (octet, parity, bit) => {
        const sent = withParity(Uint8Array.of(octet), parity);
        expect([...withoutParity(sent, parity)]).toEqual([octet]);
        expect([...withoutParity(Uint8Array.of((sent[0] as number) ^ (1 << bit)), parity)]).toEqual([0]);
      }),
      properties,
    );
  });
});

describe("data sets", () => {
  it("several of a line, with and without units and addresses", () => {
    expect(decodeLine("1.8.0(000123.4*kWh)2.8.0(1*kWh)(2)P.01(17)(3)")).toEqual([
      { address: "1.8.0", values: [{ value: "000123.4", unit: "kWh" }] },
      { address: "2.8.0", values: [{ value: "1", unit: "kWh" }, { value: "2" }] },
      { address: "P.01", values: [{ value: "17" }, { value: "3" }] },
    ]);
    expect(decodeLine("()")).toEqual([{ address: "", values: [{ value: "" }] }]);
    expect(decodeLine("")).toEqual([]);
  });

  it("a message there and back, for any data sets", () => {
    fc.assert(
      fc.property(fc.array(anyDataSet, { maxLength: 8 }), (dataSets) => {
        expect(decodeDataMessage(encodeDataMessage(dataSets))).toEqual(dataSets);
      }),
      properties,
    );
  });

  it("any octets give data sets or a Fault of this layer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (octets, framed) => {
        try {
          decodeDataMessage(framed ? Uint8Array.of(2, ...octets, 3, 0) : octets);
        } catch (caught) {
          expect(caught).toBeInstanceOf(Fault);
          expect((caught as Fault).layer).toBe("iec62056-21");
        }
      }),
      properties,
    );
  });

  it("the block check character is over what follows STX, ETX included", () => {
    const octets = encodeDataMessage([{ address: "0.0.0", values: [{ value: "12345678" }] }]);
    expect(toHex(octets)).toBe("02302e302e30283132333435363738290d0a210d0a031b");
    const changed = octets.slice();
    changed[8] = 0x39;
    const fault = faultOf(() => decodeDataMessage(changed));
    expect(fault.code).toBe("bcc-mismatch");
    expect(fault.offset).toBe(octets.length - 1);
  });

  it.each([
    ["21", "bad-message"],
    ["02210d0a", "truncated"],
    ["02210d0a03", "truncated"],
    ["02210d0a0303ff", "trailing-octets"],
    ["020303", "truncated"],
    ["02312821033b", "truncated"],
    ["02310d0a210d0a0313", "bad-data-set"],
  ])("%s is refused: %s", (hex, code) => {
    expect(faultOf(() => decodeDataMessage(fromHex(hex))).code).toBe(code);
  });

  it("an error in a line has its offset in the message", () => {
    const octets = encodeDataMessage([{ address: "1", values: [{ value: "2" }] }]);
    const text = toLatin1(octets).replace("1(2)", "1(2]");
    const wrong = fromAscii(text);
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 0x29 ^ 0x5d;
    expect(faultOf(() => decodeDataMessage(wrong))).toMatchObject({ code: "bad-data-set", offset: 2 });
  });

  it.each<[DataSet]>([
    [{ address: "1(", values: [{ value: "" }] }],
    [{ address: "1", values: [] }],
    [{ address: "1", values: [{ value: "a*b" }] }],
    [{ address: "1", values: [{ value: "a", unit: "m!" }] }],
  ])("%j cannot be written", (dataSet) => {
    expect(faultOf(() => encodeDataSet(dataSet)).code).toBe("bad-value");
  });

  it("a line has a longest length, and only characters that can be printed", () => {
    expect(faultOf(() => decodeLine(`1(${"2".repeat(5000)})`)).code).toBe("bad-data-set");
    expect(faultOf(() => decodeLine("1\u0000(2)")).code).toBe("bad-data-set");
    expect(faultOf(() => decodeLine("1(2")).code).toBe("bad-data-set");
  });

  it.each([
    ["1-0:1.8.0", "1.0.1.8.0.255"],
    ["1-0:1.8.0*03", "1.0.1.8.0.3"],
    ["1-0:1.8.0.255", "1.0.1.8.0.255"],
    ["0-1:24.2.1", "0.1.24.2.1.255"],
    ["1.8.0", "1.0.1.8.0.255"],
    ["1.8.0&12", "1.0.1.8.0.12"],
    ["C.1.0", "0.0.96.1.0.255"],
    ["F.F", "0.0.97.97.0.255"],
    ["P.01", "0.0.99.1.0.255"],
    ["1-0:999.8.0", undefined],
    ["X.1", undefined],
    ["", undefined],
  ])("the address %j means %s", (address, name) => {
    expect(logicalNameOf(address)).toBe(name);
  });

  it("a reduced code takes medium and channel from where it is read", () => {
    expect(logicalNameOf("1.0.0", { medium: 7, channel: 1 })).toBe("7.1.1.0.0.255");
  });
});

describe("commands of the programming mode", () => {
  it("reading a register", () => {
    const command = { command: "R", type: 1, dataSet: { address: "1.8.0", values: [{ value: "" }] } } as const;
    expect(toHex(encodeCommand(command))).toBe("01523102312e382e302829035a");
    expect(decodeCommand(encodeCommand(command))).toEqual(command);
  });

  it("the break", () => {
    expect(toHex(encodeCommand({ command: "B", type: 0 }))).toBe("0142300371");
    expect(decodeCommand(fromHex("0142300371"))).toEqual({ command: "B", type: 0 });
  });

  it.each([
    ["", "bad-message"],
    ["0142300372", "bcc-mismatch"],
    ["0242300371", "bad-message"],
    ["015a300371", "bad-message"],
  ])("%s is refused: %s", (hex, code) => {
    expect(faultOf(() => decodeCommand(fromHex(hex))).code).toBe(code);
  });

  it("what is no command cannot be written", () => {
    expect(faultOf(() => encodeCommand({ command: "P", type: 10 })).code).toBe("bad-value");
  });
});
