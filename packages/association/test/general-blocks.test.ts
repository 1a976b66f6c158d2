import { encodeApdu, type GeneralBlockTransfer } from "@dlmskit/apdu";
import { concat, fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type ActionOutcome,
  type GetResult,
  type InitiatorLimits,
  type ServiceRequest,
  unconfirmedBlocks,
} from "../src/index.ts";
import { Bottle, type BottleOptions, energy, everything, general, protectedPolicy } from "./bottle.ts";
import { block } from "./sequences.ts";

const octetsOf = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, at) => at % 251);
const value = (count: number) => ({ type: "octet-string", value: octetsOf(count) }) as const;

const apduOf = (fields: Partial<GeneralBlockTransfer> & { blockNumber: number }): Uint8Array =>
  encodeApdu({
    apdu: "general-block-transfer",
    ...{ lastBlock: false, streaming: false, window: 1, blockNumberAck: 0, blockData: new Uint8Array(0) },
    ...fields,
  });
const ack = (blockNumber: number, blockNumberAck: number, window: number): Uint8Array =>
  apduOf({ lastBlock: true, window, blockNumber, blockNumberAck });

/** Both ends prefer general block transfer, in APDUs of 64 octets; a GET gives so many octets, 1000 unless told otherwise. */
function preferring(options: BottleOptions & { octets?: number; window?: number; streaming?: boolean } = {}): Bottle {
  const { window = 5, streaming = true, octets = 1000 } = options;
  const generalBlocks = { window, streaming, prefer: "general" } as const;
  const results: readonly GetResult[] = [{ data: value(octets) }];
  return new Bottle({
    answer: ({ request }) =>
      request.service === "get"
        ? results
        : request.service === "set"
          ? ["success"]
          : request.items.map((): ActionOutcome => ({ result: "success", data: value(octets) })),
    ...options,
    client: { conformance: general, maxReceivePduSize: 64, generalBlocks, ...options.client },
    offer: { conformance: general, maxReceivePduSize: 64, generalBlocks, ...options.offer },
  }).open();
}

const get: ServiceRequest = { service: "get", items: [energy] };
const getOctets = "c001c100030100010800ff0200";
const set = (count: number): ServiceRequest => ({
  service: "set",
  items: [{ attribute: energy, value: value(count) }],
});
/** What the server sends for raw octets, as blocks. */
const blocks = (bottle: Bottle, octets: Uint8Array | string): GeneralBlockTransfer[] => bottle.raw(octets).map(block);
const numbers = (apdus: readonly GeneralBlockTransfer[]): number[] => apdus.map(({ blockNumber }) => blockNumber);
const alive = (bottle: Bottle): void => expect(bottle.rawHex("c001c200030100010800ff0200")).toMatch(/^(c4|e0)/);

describe("general block transfer at the server, in octets", () => {
  it("B13: confirmed, window 1: numbers from 1, acknowledgements echo them, and the whole is the answer", () => {
    const bottle = preferring();
    const parts: Uint8Array[] = [];
    let apdu = block(bottle.raw(getOctets)[0] as Uint8Array);
    expect(apdu).toMatchObject({ blockNumber: 1, blockNumberAck: 0, streaming: false, lastBlock: false });
    for (let number = 1; ; number++) {
      expect(apdu.blockNumber).toBe(number);
      expect(apdu.blockNumberAck).toBe(number - 1);
      parts.push(apdu.blockData);
      if (apdu.lastBlock) break;
      const replies = blocks(bottle, ack(number, number, 1));
      expect(replies).toHaveLength(1);
      apdu = replies[0] as GeneralBlockTransfer;
    }
    expect(toHex(concat(...parts))).toBe(`c401c100098203e8${toHex(octetsOf(1000))}`);
    // No longer than the client takes.
    expect(parts.slice(0, -1).every(({ length }) => length === 64 - 7)).toBe(true);
  });

  it("B14: streams as many as the client takes: 5, 63; with 0 nothing is sent until it takes some", () => {
    const bottle = preferring({ octets: 10_000 });
    bottle.raw(getOctets);
    const five = blocks(bottle, ack(1, 1, 5));
    expect(numbers(five)).toEqual([2, 3, 4, 5, 6]);
    expect(five.map(({ streaming }) => streaming)).toEqual([true, true, true, true, false]);
    expect(blocks(bottle, ack(2, 6, 0))).toEqual([]);
    expect(numbers(blocks(bottle, ack(3, 6, 63)))).toEqual(Array.from({ length: 63 }, (_, at) => at + 7));
    // One that does not stream answers each block.
    const slow = preferring({ streaming: false });
    slow.raw(getOctets);
    expect(blocks(slow, ack(1, 1, 63))).toMatchObject([{ blockNumber: 2, streaming: false }]);
  });

  it("B15: what was lost is sent again from behind what is acknowledged, no more than the gap, the same octets", () => {
    const bottle = preferring();
    const first = bottle.raw(getOctets);
    const sent = blocks(bottle, ack(1, 1, 5));
    const again = blocks(bottle, ack(2, 3, 1));
    expect(again).toMatchObject([{ blockNumber: 4, streaming: false, lastBlock: false }]);
    expect(again[0]?.blockData).toEqual(sent[2]?.blockData);
    expect(numbers(blocks(bottle, ack(3, 6, 5)))).toEqual([7, 8, 9, 10, 11]);
    // Nothing came: all of it again.
    expect(numbers(blocks(bottle, ack(3, 6, 5)))).toEqual([7, 8, 9, 10, 11]);
    expect(first).toHaveLength(1);
    expect(bottle.executed).toHaveLength(1);
  });

  it("B16: doubled, reordered and stray blocks: dropped or kept for their turn, nothing is delivered twice", () => {
    const bottle = preferring({ octets: 4 });
    const request = encodeApdu({
      ...{ apdu: "set-request-normal", invokeId: 1, priority: "normal", serviceClass: "confirmed" },
      ...{ attribute: energy, value: value(120) },
    } as never);
    const part = (number: number, streaming: boolean): Uint8Array =>
      apduOf({
        ...{ blockNumber: number, streaming, lastBlock: number === 3, window: 5 },
        blockNumberAck: number === 1 ? 0 : 1,
        blockData: request.subarray((number - 1) * 50, number * 50),
      });
    expect(bottle.rawHex(part(1, false))).toBe("e0850001000100");
    // One that is further ahead than was granted, and numbers that are none.
    expect(bottle.rawHex(apduOf({ blockNumber: 7, blockNumberAck: 1, blockData: octetsOf(9) }))).toBe("");
    expect(bottle.rawHex(apduOf({ blockNumber: 0, blockNumberAck: 1, blockData: octetsOf(9) }))).toBe("");
    expect(bottle.rawHex(apduOf({ blockNumber: 2, blockNumberAck: 9, blockData: octetsOf(9) }))).toBe("");
    expect(bottle.fromServer.filter(({ type }) => type === "refused")).toHaveLength(3);
    // 3 before 2; 1 again: acknowledged again, its data are not taken twice.
    expect(bottle.rawHex(part(3, true))).toBe("");
    expect(bottle.rawHex(part(1, false))).toBe("");
    const answer = blocks(bottle, part(2, false));
    expect(answer).toMatchObject([{ blockNumber: 2, blockNumberAck: 3, lastBlock: true }]);
    expect(toHex(answer[0]?.blockData as Uint8Array)).toBe("c5014100");
    expect(bottle.executed).toMatchObject([{ request: { items: [{ value: value(120) }] } }]);
    // The client has not seen the answer, and repeats its last block: the answer again, and nothing is written again.
    expect(blocks(bottle, part(3, false))).toMatchObject(answer);
    expect(bottle.executed).toHaveLength(1);
    // An acknowledgement of less than before is none.
    const reading = preferring();
    reading.raw(getOctets);
    reading.raw(ack(1, 1, 5));
    reading.raw(ack(2, 6, 5));
    expect(reading.rawHex(ack(3, 2, 5))).toBe("");
    expect(numbers(blocks(reading, ack(3, 11, 5)))[0]).toBe(12);
  });

  it("B17: an abort from either side ends it, nothing is answered", () => {
    const bottle = preferring();
    bottle.raw(getOctets);
    expect(bottle.rawHex("e0800000000000")).toBe("");
    expect(bottle.rawHex(ack(1, 1, 5))).toBe("");
    alive(bottle);
    // Of a request that is not whole, too.
    bottle.raw(apduOf({ blockNumber: 1, blockData: fromHex("c101c1") }));
    bottle.raw("e0830000000000");
    expect(bottle.rawHex(apduOf({ blockNumber: 2, blockNumberAck: 1, lastBlock: true, blockData: octetsOf(9) }))).toBe(
      "",
    );
    alive(bottle);
  });

  it("B18: blocks carry what is protected; what is protected carries no blocks", () => {
    const bottle = preferring({ ciphered: true, policy: protectedPolicy, octets: 200 });
    const before = bottle.wire.length;
    expect(bottle.ask(get)).toMatchObject({ type: "response", results: [{ data: value(200) }] });
    const passed = bottle.wire.slice(before).filter(({ to }) => to === "client");
    expect(block(passed[0]?.pdu as Uint8Array).blockData[0]).toBe(0xcc);
    // A request in plain, in blocks: the policy holds for the whole.
    const plain = apduOf({ blockNumber: 1, lastBlock: true, blockData: fromHex(getOctets) });
    expect(bottle.rawHex(plain)).toBe("d80101");
    expect(bottle.executed).toHaveLength(1);
    // A block within general-glo-ciphering.
    let sealed: Uint8Array | undefined;
    const inner = preferring({
      ...{ ciphered: true, clientSecurity: { form: "general-glo" as const } },
      client: {
        tap: (way, apdu) => (way === "sent" && apdu[0] === 0xc0 ? apduOf({ blockNumber: 1, blockData: apdu }) : apdu),
      },
    });
    inner.tamper = (to, pdu) => {
      if (to === "server" && pdu[0] === 0xdb) sealed = pdu;
      return [pdu];
    };
    expect(inner.ask(get)).toMatchObject({ type: "failed", fault: { code: "exception-response" } });
    expect(sealed).toBeDefined();
    expect(inner.executed).toEqual([]);
  });

  it("B19: a long request and a long response, both ways; the response acknowledges the last block of the request", () => {
    const bottle = preferring({ octets: 500 });
    const method = { classId: 9, instanceId: "0.0.10.0.0.255", methodId: 1 };
    const before = bottle.wire.length;
    const done = bottle.ask({ service: "action", items: [{ method, parameters: value(400) }] });
    expect(done).toMatchObject({ type: "response", results: [{ result: "success", data: value(500) }] });
    expect(bottle.executed).toMatchObject([{ request: { items: [{ parameters: value(400) }] } }]);
    const passed = bottle.wire.slice(before).map(({ to, pdu }) => ({ to, ...block(pdu) }));
    const last = passed.findIndex(
      ({ to, lastBlock, blockData }) => to === "server" && lastBlock && blockData.length > 0,
    );
    expect(passed[last + 1]).toMatchObject({ to: "client", blockNumberAck: passed[last]?.blockNumber });
    expect(passed[last + 1]?.blockData[0]).toBe(0xc7);
  });

  it("B20: without the bit, beyond the cap, more than 65535 blocks: refused, and the session goes on", () => {
    const without = preferring({ client: { conformance: everything } });
    expect(without.rawHex(apduOf({ blockNumber: 1, lastBlock: true, blockData: fromHex(getOctets) }))).toBe("d80102");
    expect(without.executed).toEqual([]);
    // It never ends: 2000 octets are taken, in blocks of 50.
    const bottle = preferring({ offer: { maxApdu: 2000 }, octets: 1 });
    let number = 1;
    let reply = "";
    for (; number < 100 && !reply.startsWith("d8"); number++) {
      const blockNumberAck = number - 1;
      reply = bottle.rawHex(apduOf({ blockNumber: number, blockNumberAck, blockData: octetsOf(50) }));
    }
    expect(reply).toBe("d80104");
    expect(number).toBe(42);
    expect(bottle.rawHex(apduOf({ blockNumber: number, blockNumberAck: number - 1, blockData: octetsOf(50) }))).toBe(
      "",
    );
    alive(bottle);
    // Blocks of five octets: 65,535 of them are 327,675.
    const small = preferring({ client: { maxReceivePduSize: 12 }, octets: 330_000, ciphered: true });
    expect(small.ask(get)).toMatchObject({ type: "failed", fault: { detail: "pdu-too-long" } });
  });

  it("drops what stands still, and keeps the answer until then", () => {
    const bottle = preferring({ octets: 100 });
    bottle.raw(getOctets);
    expect(blocks(bottle, ack(1, 1, 5))).toMatchObject([{ blockNumber: 2, lastBlock: true }]);
    bottle.now = 59_000;
    expect(blocks(bottle, ack(1, 1, 5))).toMatchObject([{ blockNumber: 2, lastBlock: true }]);
    expect(bottle.server.deadline).toBe(119_000);
    bottle.now = 119_000;
    bottle.server.expire(119_000);
    expect(bottle.server.deadline).toBeUndefined();
    expect(bottle.rawHex(ack(1, 1, 5))).toBe("");
  });

  it("takes what is unconfirmed, whole or not at all, and answers nothing", () => {
    const bottle = preferring();
    const apdu = encodeApdu({
      ...{ apdu: "set-request-normal", invokeId: 1, priority: "normal", serviceClass: "unconfirmed" },
      ...{ attribute: energy, value: value(120) },
    } as never);
    const parts = unconfirmedBlocks(apdu, 64);
    for (const part of parts) expect(bottle.rawHex(part)).toBe("");
    expect(bottle.executed).toHaveLength(1);
    for (const [at, part] of parts.entries()) if (at !== 1) expect(bottle.rawHex(part)).toBe("");
    expect(bottle.executed).toHaveLength(1);
    // Five seconds of silence end it.
    bottle.raw(parts[0] as Uint8Array);
    bottle.now = 5001;
    for (const part of parts.slice(1)) bottle.raw(part);
    expect(bottle.executed).toHaveLength(1);
    // The client's end sends it so.
    const before = bottle.wire.length;
    expect(bottle.ask(set(120), { confirmed: false })).toMatchObject({ type: "response", results: [] });
    expect(bottle.wire.slice(before).map(({ to, pdu }) => [to, block(pdu).window])).toEqual([
      ["server", 0],
      ["server", 0],
      ["server", 0],
    ]);
    expect(bottle.executed).toHaveLength(2);
  });
});

describe("general block transfer at the client", () => {
  it("is not used for what has blocks of its own unless it is preferred", () => {
    const bottle = new Bottle({
      client: { conformance: general, maxReceivePduSize: 64 },
      offer: { conformance: general, maxReceivePduSize: 64 },
      answer: ({ request }) => (request.service === "get" ? [{ data: value(200) }] : ["success"]),
    }).open();
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
    expect(bottle.ask(set(200))).toMatchObject({ type: "response" });
    expect(bottle.wire.some(({ pdu }) => pdu[0] === 0xe0)).toBe(false);
    // Without those it is.
    const without = everything.filter((name) => !name.startsWith("block-transfer"));
    const alone = new Bottle({
      client: { conformance: [...without, "general-block-transfer"], maxReceivePduSize: 64 },
      offer: { conformance: general, maxReceivePduSize: 64 },
      answer: ({ request }) => (request.service === "get" ? [{ data: value(200) }] : ["success"]),
    }).open();
    expect(alone.ask(get)).toMatchObject({ type: "response", results: [{ data: value(200) }] });
    expect(alone.ask(set(200))).toMatchObject({ type: "response", results: ["success"] });
    expect(alone.wire.filter(({ pdu }) => pdu[0] === 0xe0).length).toBeGreaterThan(8);
  });

  it("B17: fails the request that the server aborts, and goes on", () => {
    const bottle = preferring();
    bottle.tamper = (to, pdu) => (to === "client" && pdu[0] === 0xe0 ? [fromHex("e0800000000000")] : [pdu]);
    expect(bottle.ask(get)).toMatchObject({ type: "failed", fault: { code: "transfer-aborted" } });
    bottle.tamper = (_, pdu) => [pdu];
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
  });

  it("asks three times for what does not come, aborts, and fails", () => {
    const bottle = preferring();
    bottle.client.request(get, {}, 0);
    let lost = false;
    bottle.tamper = (to, pdu) => {
      const passes = to === "server" || !lost;
      lost ||= to === "client";
      return passes ? [pdu] : [];
    };
    bottle.run();
    const before = bottle.wire.length;
    for (let now = 1000; now <= 4000; now += 1000) {
      expect(bottle.client.deadline).toBe(now);
      bottle.client.expire(now);
      bottle.run();
    }
    const asked = bottle.wire.slice(before).filter(({ to }) => to === "server");
    expect(asked.map(({ pdu }) => toHex(pdu))).toEqual([...new Array(3).fill("e0810001000100"), "e0800000000000"]);
    expect(bottle.fromClient.at(-1)).toMatchObject({ type: "failed", fault: { code: "timeout" } });
    expect(bottle.client.deadline).toBeUndefined();
  });

  it("C6: blocks that never end are given up by their octets and by time", () => {
    const endless = (limits: InitiatorLimits) => {
      const bottle = preferring({ client: { limits } });
      bottle.client.request(get, {}, 0);
      let number = 0;
      let now = 0;
      for (let output = bottle.client.poll(); ; output = bottle.client.poll()) {
        if (output === undefined || output.type === "transmit") {
          number++;
          now += 500;
          const blockNumberAck = Math.max(0, number - 1);
          bottle.client.receive(
            apduOf({ blockNumber: number, blockNumberAck, window: 5, blockData: octetsOf(50) }),
            now,
          );
          continue;
        }
        return { output, number };
      }
    };
    expect(endless({ maxApdu: 2000 })).toMatchObject({ output: { fault: { code: "response-too-long" } }, number: 42 });
    expect(endless({ transferTimeout: 10_000 })).toMatchObject({ output: { fault: { code: "timeout" } } });
  });

  it("C8: a notification in blocks comes between the blocks of a response", () => {
    const bottle = preferring({ octets: 300 });
    const pushed = encodeApdu({
      ...{ apdu: "data-notification", longInvokeId: 1, selfDescriptive: false, processingOption: "continue-on-error" },
      ...{ serviceClass: "unconfirmed", priority: "normal", body: value(100) },
    } as never);
    const parts = [...unconfirmedBlocks(pushed, 64)];
    bottle.tamper = (to, pdu) => (to === "client" && parts.length > 0 ? [parts.shift() as Uint8Array, pdu] : [pdu]);
    expect(bottle.ask(get)).toMatchObject({ type: "response", results: [{ data: value(300) }] });
    expect(bottle.fromClient.filter(({ type }) => type === "notification")).toMatchObject([
      { apdu: { apdu: "data-notification", longInvokeId: 1 } },
    ]);
  });

  it("takes a response that has the number of the acknowledgement before it, as some servers number it", () => {
    const bottle = preferring();
    bottle.client.request(set(80), {}, 0);
    bottle.client.poll();
    const sent = (): GeneralBlockTransfer => {
      const output = bottle.client.poll();
      return block(output?.type === "transmit" ? output.pdu : new Uint8Array());
    };
    bottle.client.receive(ack(1, 1, 5), 0);
    expect(sent()).toMatchObject({ blockNumber: 2, lastBlock: true });
    bottle.client.receive(ack(2, 2, 5), 0);
    const response = { window: 5, lastBlock: true, blockNumber: 2, blockNumberAck: 2, blockData: fromHex("c501c100") };
    bottle.client.receive(apduOf(response), 0);
    expect(bottle.client.poll()).toMatchObject({ type: "response", results: ["success"] });
  });

  it("drops a block that nothing waits for", () => {
    const bottle = preferring();
    bottle.client.receive(apduOf({ blockNumber: 1, blockData: octetsOf(5) }), 0);
    bottle.run();
    expect(bottle.fromClient.at(-1)).toMatchObject({ type: "dropped" });
  });

  it("refuses a window that is none", () => {
    for (const window of [0, 64, 1.5]) {
      expect(() => preferring({ window })).toThrow(expect.objectContaining({ code: "bad-value" }));
    }
  });
});
