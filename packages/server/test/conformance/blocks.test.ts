import { T } from "@dlmskit/apdu";
import { toHex } from "@dlmskit/core";
import { type AnyObject, dataObject, interfaceClass, object } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { hls5, meter, none } from "../../src/index.ts";
import { ak, Bench, type Client, ek, protectedClient } from "../a-client.ts";
import { initiateRequest, outcome, type RawInitiate, rawAarq, say } from "./raw-aarq.ts";

// Each case is played to a served meter over the wrapper, in octets.

const long = Uint8Array.from({ length: 200 }, (_, at) => at);
const longData = `0981c8${toHex(long)}`;
const longName = "00010000600114ff02";
const noteName = "00010000600100ff02";
const get = `c001c1${longName}00`;
const getNote = `c001c2${noteName}00`;
const note = "c401c2001107";
const next = (block: number, invoke = "c1"): string => `c002${invoke}${block.toString(16).padStart(8, "0")}`;
const u16 = (value: number): string => value.toString(16).padStart(4, "0");
const octet = (value: number): string => value.toString(16).padStart(2, "0");
/** The length of so many octets, in A-XDR. */
const lengthOf = (hex: string): string => (hex.length < 256 ? octet(hex.length / 2) : `81${octet(hex.length / 2)}`);
/** A block of a SET, an ACTION or a Write: last or not, its number, its octets. */
const block = (number: number, last: boolean, hex: string): string =>
  `${last ? "01" : "00"}${number.toString(16).padStart(8, "0")}${lengthOf(hex)}${hex}`;

const Echo = interfaceClass({
  ...{ classId: 9002, version: 0, name: "Echo" },
  attributes: {},
  methods: { echo: { id: 1, argument: T.octetString, result: T.octetString } },
});

interface Served {
  readonly client: Client;
  readonly bench: Bench;
  readonly value: { current: Uint8Array; reads: number; writes: number; calls: number };
  say(hex: string): Promise<string>;
}

function objectsOf(value: Served["value"]): AnyObject[] {
  const longValue = dataObject(
    "0.0.96.1.20.255",
    { type: T.octetString, value: long },
    {
      read: {
        value: () => {
          value.reads++;
          return value.current;
        },
      },
      write: {
        value: (_, written) => {
          value.writes++;
          value.current = written;
        },
      },
    },
  );
  const echo = object(
    Echo,
    "0.0.96.50.0.255",
    {},
    {
      invoke: {
        echo: (_, argument) => {
          value.calls++;
          return argument;
        },
      },
    },
  );
  return [longValue, dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 7 }), echo];
}

function served(context: "01" | "02" = "01") {
  const value = { current: long, reads: 0, writes: 0, calls: 0 };
  const made = meter({
    ...{ name: "BLK1", objects: objectsOf(value), referencing: context === "02" ? "either" : "logical-name" },
    ...(context === "02" ? { baseNames: { "0.0.96.1.20.255": 0x3000, "0.0.96.1.0.255": 0x3100 } } : {}),
    associations: {
      open: { client: 16, security: none(), access: "full" },
      utility: { client: 48, security: hls5({ encryptionKey: ek, authenticationKey: ak }), access: "full" },
    },
  });
  return { value, bench: new Bench(made, { limits: { inactivity: 0, firstAssociation: 0 } }) };
}

async function opened(more: RawInitiate = { pduSize: 64 }, context: "01" | "02" = "01"): Promise<Served> {
  const { value, bench } = served(context);
  const client = bench.client({ client: 16 });
  const conformance = context === "02" ? "1e0320" : "205e1f";
  const aarq = rawAarq({ context, userInformation: initiateRequest({ conformance, ...more }) });
  expect(await outcome(client, aarq)).toBe("accepted");
  return { client, bench, value, say: (hex) => say(client, hex) };
}

const alive = async (one: Served): Promise<void> => expect(await one.say(getNote)).toBe(note);

/** Number, last-block and octets of a block of a GET. */
function blockOf(hex: string) {
  const long81 = hex.slice(18, 20) === "81";
  return {
    last: hex.slice(6, 8) === "01",
    number: Number.parseInt(hex.slice(8, 16), 16),
    result: hex.slice(16, 18),
    octets: hex.slice(long81 ? 22 : 20),
  };
}

describe("blocks of GET, SET and ACTION, in octets", () => {
  it("B1: numbers from 1, last-block once, together what a single read gives", async () => {
    const one = await opened();
    const blocks = [blockOf(await one.say(get))];
    while (blocks.at(-1)?.last === false) blocks.push(blockOf(await one.say(next(blocks.length))));
    expect(blocks.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(blocks.map(({ last }) => last)).toEqual([false, false, false, true]);
    expect(blocks.map(({ octets }) => octets).join("")).toBe(longData);
    const whole = await opened({ pduSize: 1024 });
    expect(await whole.say(get)).toBe(`c401c100${longData}`);
  });

  it.each([2, 0, 5])("B2: block %i where 1 was to be confirmed: 19, and the transfer is over", async (wrong) => {
    const one = await opened();
    await one.say(get);
    expect(await one.say(next(wrong))).toBe(`c402c101${wrong.toString(16).padStart(8, "0")}0113`);
    expect(await one.say(next(1))).toBe("c402c101000000010110");
    await alive(one);
  });

  it("B3: a next block of nothing", async () => {
    const one = await opened();
    expect(await one.say(next(1))).toBe("c402c101000000010110");
    await alive(one);
  });

  it("B4: another GET between blocks is served, the transfer before it is over", async () => {
    const one = await opened();
    await one.say(get);
    await alive(one);
    expect(await one.say(next(1))).toMatch(/^c402c1010000000101(10|0f)$/);
  });

  it("B5: what changes between blocks is not seen in them", async () => {
    const one = await opened();
    let octets = blockOf(await one.say(get)).octets;
    one.value.current = new Uint8Array(200).fill(9);
    for (let number = 1; number < 4; number++) octets += blockOf(await one.say(next(number))).octets;
    expect(octets).toBe(longData);
    expect(one.value.reads).toBe(1);
  });

  it("B6: SET: a first block that is not 1, a gap, a repeated one, one after the last: nothing is written", async () => {
    const first = (number: number, last = false): string => `c102c1${longName}00${block(number, last, "0904")}`;
    const further = (number: number, last: boolean): string => `c103c1${block(number, last, "01020304")}`;
    const one = await opened();
    expect(await one.say(first(2))).toBe("c503c11300000002");
    expect(await one.say(first(1))).toBe("c502c100000001");
    expect(await one.say(further(3, true))).toBe("c503c11300000003");
    expect(await one.say(first(1))).toBe("c502c100000001");
    expect(await one.say(further(1, true))).toBe("c503c11300000001");
    expect(await one.say(further(2, true))).toBe("c503c11200000002");
    expect(one.value.writes).toBe(0);
    expect(await one.say(first(1))).toBe("c502c100000001");
    expect(await one.say(further(2, true))).toBe("c503c10000000002");
    expect(await one.say(further(3, true))).toBe("c503c11200000003");
    expect([one.value.writes, toHex(one.value.current)]).toEqual([1, "01020304"]);
    await alive(one);
  });

  it("B7: a SET that another one, a release or a minute of silence ends: 17 or 18, nothing is written", async () => {
    const first = `c102c1${longName}00${block(1, false, "0904")}`;
    const second = `c103c1${block(2, true, "01020304")}`;
    const ends: ((one: Served) => Promise<unknown>)[] = [
      (one) => one.say(`c101c2${noteName}001107`),
      async (one) => {
        await one.say("6203800100");
        await one.say(rawAarq({ userInformation: initiateRequest({ pduSize: 64 }) }));
      },
      async (one) => one.bench.clock.advance(61_000),
    ];
    for (const end of ends) {
      const one = await opened();
      expect(await one.say(first)).toBe("c502c100000001");
      await end(one);
      expect(await one.say(second)).toMatch(/^c503c1(11|12)00000002$/);
      expect(one.value.writes).toBe(0);
      await alive(one);
    }
  });

  it("B8: a SET without an end is given up, with 17", async () => {
    const one = await opened();
    const part = "00".repeat(250);
    expect(await one.say(`c102c1${longName}00${block(1, false, "0983ffffff")}`)).toMatch(/^c502/);
    let answer = "";
    let number = 2;
    for (; number < 100_000 && !answer.startsWith("c503"); number++) {
      one.client.pump.send(Uint8Array.from(Buffer.from(`c103c100${octets32(number)}81fa${part}`, "hex")));
      if (number % 200 > 0) continue;
      await one.bench.settle(2);
      const came = one.client.received.find((pdu) => toHex(pdu).startsWith("c503"));
      if (came !== undefined) answer = toHex(came);
    }
    expect(answer).toMatch(/^c503c111/);
    // A cap of octets, not of patience.
    expect(number * 250).toBeLessThan(0x100000 + 200 * 250);
    expect(one.value.writes).toBe(0);
    await one.bench.settle();
    await alive(one);
  });

  it("B9: ACTION: blocks both ways, and their errors 15 and 16", async () => {
    const method = "232a0000603200ff01";
    const first = (number: number, last: boolean, hex: string): string => `c304c1${method}${block(number, last, hex)}`;
    const further = (number: number, last: boolean, hex: string): string => `c306c1${block(number, last, hex)}`;
    const more = (number: number): string => `c302c1${octets32(number)}`;
    const one = await opened();
    expect(await one.say(further(2, true, "00"))).toBe("c701c11000");
    expect(await one.say(more(1))).toBe("c701c11000");
    expect(await one.say(first(1, false, longData.slice(0, 100)))).toBe("c704c100000001");
    expect(await one.say(further(3, true, longData.slice(100)))).toBe("c701c10f00");
    expect(one.value.calls).toBe(0);
    expect(await one.say(first(1, false, longData.slice(0, 100)))).toBe("c704c100000001");
    let answer = await one.say(further(2, true, longData.slice(100)));
    // action-response-with-pblock: last, number, octets.
    let octets = "";
    for (let number = 1; ; number++) {
      expect(answer.slice(0, 6)).toBe("c702c1");
      expect(Number.parseInt(answer.slice(8, 16), 16)).toBe(number);
      octets += answer.slice(18);
      if (answer.slice(6, 8) === "01") break;
      answer = await one.say(more(number));
    }
    expect(one.value.calls).toBe(1);
    expect(octets).toBe(`000100${longData}`);
    expect(await one.say(more(9))).toBe("c701c11000");
    await alive(one);
  });

  it("B11: with ciphering each block is an APDU with a counter of its own, and none is taken twice", async () => {
    const { bench } = served();
    const client = await bench
      .client({ client: 48, mechanism: 5, security: protectedClient(), maxReceivePduSize: 100 })
      .open();
    const sent: Uint8Array[] = [];
    const send = client.pump.send.bind(client.pump);
    client.pump.send = (...args) => {
      sent.push(args[0]);
      return send(...args);
    };
    const before = client.received.length;
    const [result] = await client.get([1, "0.0.96.1.20.255", 2]);
    expect(result).toMatchObject({ data: { value: long } });
    const counters = client.received.slice(before).map((pdu) => new DataView(pdu.buffer, pdu.byteOffset).getUint32(3));
    expect(client.received.slice(before).every((pdu) => pdu[0] === 0xcc)).toBe(true);
    expect(counters.length).toBeGreaterThan(2);
    expect(counters).toEqual(counters.map((_, at) => (counters[0] as number) + at));
    // The request for the second block again.
    const answer = toHex((await client.raw(sent[1] as Uint8Array)) ?? new Uint8Array());
    expect(answer).toMatch(/^(d8|$)/);
    expect((await client.get([1, "0.0.96.1.0.255", 2]))[0]).toMatchObject({ data: { value: 7 } });
  });

  it("B12: an empty block is one; a block longer than the meter takes is refused", async () => {
    const one = await opened({ pduSize: 1024 });
    expect(await one.say(`c102c1${longName}00${block(1, false, "")}`)).toBe("c502c100000001");
    expect(await one.say(`c103c1${block(2, true, "090101")}`)).toBe("c503c10000000002");
    expect([one.value.writes, toHex(one.value.current)]).toEqual([1, "01"]);
    const much = "00".repeat(5000);
    expect(await one.say(`c102c1${longName}000000000001821388${much}`)).toBe("d80104");
    expect(one.value.writes).toBe(1);
    await alive(one);
  });
});

describe("blocks by short names, in octets", () => {
  // block-number-access of a Read: 05; write-data-block-access: 07.
  it("B10: a Read and a Write in blocks; 14, 16, 18 and 19 as errors of their data", async () => {
    const one = await opened({ pduSize: 64, conformance: "1c1a20" }, "02");
    const first = await one.say("0501023008");
    expect(first).toMatch(/^0c0102000001/);
    expect(await one.say("05010500 05".replace(" ", ""))).toMatch(/^0c0101(13|0f|10)$/);
    expect(await one.say("0501050001")).toMatch(/^0c0101(10|0f)$/);
    const blocks = [await one.say("0501023008")];
    for (let number = 1; number < 10 && blocks.at(-1)?.slice(6, 8) === "00"; number++) {
      blocks.push(await one.say(`050105${u16(number)}`));
    }
    // read-data-block: last-block, number, octets.
    expect(blocks.map((hex) => hex.slice(14)).join("")).toBe(`0100${longData}`);
    expect(blocks.at(-1)?.slice(6, 8)).toBe("01");
    const part = (number: number, last: boolean, hex: string): string =>
      `06 01 07 ${last ? "01" : "00"}${u16(number)} 01 09${octet(hex.length / 2)}${hex}`;
    expect(await one.say(part(2, true, "00"))).toMatch(/^0d0101(12|13)$/);
    expect(one.value.writes).toBe(0);
    // The whole Write without its tag.
    expect(await one.say(part(1, false, "0102300801"))).toMatch(/^0d01020001$/);
    expect(await one.say(part(3, true, "09020102"))).toBe("0d010113");
    expect(one.value.writes).toBe(0);
    expect(await one.say(part(1, false, "0102300801"))).toMatch(/^0d01020001$/);
    expect(await one.say(part(2, true, "09020102"))).toBe("0d0100");
    expect([one.value.writes, toHex(one.value.current)]).toEqual([1, "0102"]);
    expect(await one.say("0501023108")).toBe("0c01001107");
  });
});

describe("general block transfer, in octets", () => {
  const general = { pduSize: 64, conformance: "200618" };
  const gbt = (control: number, number: number, acknowledged: number, hex = ""): string =>
    `e0${octet(control)}${u16(number)}${u16(acknowledged)}${octet(hex.length / 2)}${hex}`;
  const numbersOf = (client: Client, from: number): number[] =>
    client.received.slice(from).map((pdu) => ((pdu[2] as number) << 8) | (pdu[3] as number));
  const octetsOf = (client: Client, from: number): string =>
    client.received
      .slice(from)
      .map((pdu) => toHex(pdu.subarray(7)))
      .join("");

  it("B13: window 1: a block for each acknowledgement, and the whole is the answer", async () => {
    const one = await opened(general);
    const from = one.client.received.length;
    let answer = await one.say(get);
    for (let number = 1; !/^e0[89a-f]/.test(answer) && number < 20; number++)
      answer = await one.say(gbt(0x81, number, number));
    expect(numbersOf(one.client, from)).toEqual([1, 2, 3, 4]);
    expect(octetsOf(one.client, from)).toBe(`c401c100${longData}`);
    await alive(one);
  });

  it("B14, B15, B16: windows of 2, 63 and 0; what was lost again, what is no acknowledgement dropped", async () => {
    const one = await opened(general);
    const from = one.client.received.length;
    await one.say(get);
    expect(await one.say(gbt(0x80, 1, 1))).toBe("");
    await one.say(gbt(0x82, 2, 1));
    expect(numbersOf(one.client, from)).toEqual([1, 2, 3]);
    const second = one.client.received[from + 1] as Uint8Array;
    // Block 2 was lost: 2 again, the same octets.
    const again = one.client.received.length;
    await one.say(gbt(0x81, 3, 1));
    expect(numbersOf(one.client, again)).toEqual([2]);
    expect((one.client.received[again] as Uint8Array).subarray(7)).toEqual(second.subarray(7));
    // An acknowledgement of what was never sent.
    expect(await one.say(gbt(0xbf, 4, 40))).toBe("");
    const rest = one.client.received.length;
    await one.say(gbt(0xbf, 4, 2));
    expect(numbersOf(one.client, rest)).toEqual([3, 4]);
    expect(one.value.reads).toBe(1);
    await one.say(gbt(0x81, 5, 4));
    await alive(one);
  });

  it("B17: an abort ends it, and nothing answers", async () => {
    const one = await opened(general);
    await one.say(get);
    expect(await one.say(gbt(0x80, 0, 0))).toBe("");
    expect(await one.say(gbt(0x81, 1, 1))).toBe("");
    await alive(one);
  });

  it("B18: blocks within a glo APDU are refused", async () => {
    const { bench } = served();
    const conformance = ["get", "general-protection", "general-block-transfer"] as const;
    const wrapped = {
      tap: (way: string, apdu: Uint8Array) => (way === "sent" && apdu[0] === 0xc0 ? inBlock(apdu) : apdu),
    };
    const inBlock = (apdu: Uint8Array): Uint8Array => Uint8Array.from([0xe0, 0x81, 0, 1, 0, 0, apdu.length, ...apdu]);
    const security = protectedClient({ form: "general-glo" } as object);
    const client = await bench.client({ client: 48, mechanism: 5, security, conformance, ...wrapped }).open();
    expect(client.opened).toBe(true);
    await expect(client.get([1, "0.0.96.1.0.255", 2])).rejects.toMatchObject({ code: "exception-response" });
  });

  it("B19: a long SET in blocks: the last is acknowledged by the answer", async () => {
    const one = await opened(general);
    const request = `c101c1${longName}00${longData}`;
    const parts = [0, 1, 2, 3].map((at) => request.slice(at * 110, (at + 1) * 110));
    expect(await one.say(gbt(0x01, 1, 0, parts[0]))).toMatch(/^e0[0-9a-f]{2}00010001/);
    expect(await one.say(gbt(0x01, 2, 1, parts[1]))).toMatch(/^e0[0-9a-f]{2}00020002/);
    expect(await one.say(gbt(0x01, 3, 2, parts[2]))).toMatch(/^e0[0-9a-f]{2}00030003/);
    expect(await one.say(gbt(0x81, 4, 3, parts[3]))).toMatch(/^e0[89a-f][0-9a-f]0004000404c501c100$/);
    expect(one.value.writes).toBe(1);
    await alive(one);
  });

  it("B20: without the bit, and without an end: refused", async () => {
    const without = await opened({ pduSize: 64, conformance: "005e1f" });
    expect(await without.say(gbt(0x81, 1, 0, get))).toBe("d80102");
    expect(without.value.reads).toBe(0);
    const one = await opened({ pduSize: 1024, conformance: "200618" });
    let answer = "";
    let number = 1;
    const part = "00".repeat(200);
    const before = one.client.received.length;
    for (; number < 65_535 && answer === ""; number++) {
      one.client.pump.send(Uint8Array.from(Buffer.from(`e001${u16(number)}${u16(number - 1)}81c8${part}`, "hex")));
      if (number % 200 > 0) continue;
      await one.bench.settle(2);
      answer = toHex(one.client.received.slice(before).find((pdu) => pdu[0] === 0xd8) ?? new Uint8Array());
    }
    expect(answer).toBe("d80104");
    expect(number * 200).toBeLessThan(0x100000 + 200 * 200);
    await alive(one);
  });
});

function octets32(value: number): string {
  return value.toString(16).padStart(8, "0");
}
