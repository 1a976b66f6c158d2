import { type ApduLike, decodeApdu, encodeApdu, type Invoke } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { Bottle, type BottleOptions, energy, everything } from "./bottle.ts";

const invoke: Invoke = { invokeId: 1, priority: "high", serviceClass: "confirmed" };
const attribute = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
const method = { classId: 70, instanceId: "0.0.96.3.10.255", methodId: 1 };
const block = (blockNumber: number, lastBlock: boolean, hex: string) => ({
  blockNumber,
  lastBlock,
  rawData: fromHex(hex),
});
const open = (options: BottleOptions = {}) => new Bottle(options).open();
const send = (bottle: Bottle, apdu: ApduLike) => bottle.rawHex(encodeApdu(apdu));
const without = (...names: string[]): BottleOptions => ({
  offer: { conformance: everything.filter((name) => !names.includes(name)) },
});
const goesOn = (bottle: Bottle) => {
  expect(bottle.server.state).toBe("associated");
  expect(bottle.rawHex("c001c200030100010800ff0200")).toMatch(/^c40[12]c200/);
};

describe("data services at the edges", () => {
  it("D1, D2, D4, D5: what cannot be read is answered, and the association goes on", () => {
    for (const hex of [
      "c004c1000f0000280000ff0100",
      "c001c1000028000100",
      "c106c1",
      "c101c1000f0000280000",
      "c307c1",
      "050102fa00",
      "0601020001010600000000",
      "d94000000100010100080000010000ff02",
      "c001c100030100010800ff020000",
      "c0",
      "08000600",
    ]) {
      const bottle = open();
      expect(bottle.rawHex(hex)).toMatch(/^d8(01|02)02$/);
      expect(bottle.executed).toEqual([]);
      goesOn(bottle);
    }
    expect(open().rawHex("ff")).toBe("d80102");
    expect(open().rawHex("")).toBe("d80102");
  });

  it("D9: what was not negotiated has no effect", () => {
    const refused: [string, ApduLike, ...string[]][] = [
      ["get", { apdu: "get-request-normal", ...invoke, attribute }],
      ["set", { apdu: "set-request-normal", ...invoke, attribute, value: { type: "null-data" } }],
      ["action", { apdu: "action-request-normal", ...invoke, method }],
      ["multiple-references", { apdu: "get-request-with-list", ...invoke, attributes: [{ attribute }] }],
      [
        "multiple-references",
        { apdu: "set-request-with-list", ...invoke, attributes: [{ attribute }], values: [{ type: "null-data" }] },
      ],
      [
        "multiple-references",
        { apdu: "action-request-with-list", ...invoke, methods: [method], parameters: [{ type: "null-data" }] },
      ],
      [
        "selective-access",
        {
          apdu: "get-request-normal",
          ...invoke,
          attribute,
          access: { selector: 1, parameters: { type: "null-data" } },
        },
      ],
      [
        "attribute0-supported-with-get",
        { apdu: "get-request-normal", ...invoke, attribute: { ...attribute, attributeId: 0 } },
      ],
      [
        "attribute0-supported-with-set",
        {
          apdu: "set-request-normal",
          ...invoke,
          attribute: { ...attribute, attributeId: 0 },
          value: { type: "null-data" },
        },
      ],
      [
        "block-transfer-with-set-or-write",
        { apdu: "set-request-with-first-datablock", ...invoke, attribute, block: block(1, true, "00") },
      ],
      [
        "block-transfer-with-set-or-write",
        { apdu: "set-request-with-datablock", ...invoke, block: block(1, true, "00") },
      ],
      [
        "block-transfer-with-action",
        { apdu: "action-request-with-first-pblock", ...invoke, method, block: block(1, true, "00") },
      ],
      ["block-transfer-with-action", { apdu: "action-request-with-pblock", ...invoke, block: block(1, true, "00") }],
    ];
    for (const [missing, apdu] of refused) {
      const bottle = open(without(missing));
      expect(send(bottle, apdu)).toBe("d80102");
      expect(bottle.executed).toEqual([]);
      expect(bottle.server.state).toBe("associated");
    }
  });

  it("D13: what is asked is echoed; an unconfirmed SET or ACTION is not answered", () => {
    fc.assert(
      fc.property(fc.nat(15), fc.boolean(), fc.boolean(), (invokeId, high, confirmed) => {
        const bottle = open();
        const one: Invoke = {
          invokeId,
          priority: high ? "high" : "normal",
          serviceClass: confirmed ? "confirmed" : "unconfirmed",
        };
        const [pdu] = bottle.raw(
          encodeApdu({ apdu: "set-request-normal", ...one, attribute, value: { type: "null-data" } }),
        );
        if (confirmed) expect(decodeApdu(pdu as Uint8Array)).toMatchObject(one);
        else expect(pdu).toBeUndefined();
        expect(bottle.executed).toMatchObject([{ confirmed, priority: one.priority }]);
      }),
    );
    const bottle = open(without("action"));
    const unconfirmed = { ...invoke, serviceClass: "unconfirmed" } as const;
    expect(send(bottle, { apdu: "action-request-normal", ...unconfirmed, method })).toBe("");
    expect(
      send(bottle, {
        apdu: "set-request-with-first-datablock",
        ...unconfirmed,
        attribute,
        block: block(1, true, "00"),
      }),
    ).toBe("");
    expect(bottle.executed).toEqual([]);
    bottle.server.respond(99, ["success"], 0);
  });

  it("D14, D15: lists", () => {
    const bottle = open();
    const attributes = [{ attribute }, { attribute: { ...attribute, attributeId: 99 } }];
    const [pdu] = bottle.raw(encodeApdu({ apdu: "get-request-with-list", ...invoke, attributes }));
    expect(decodeApdu(pdu as Uint8Array)).toMatchObject({
      apdu: "get-response-with-list",
      results: [{ data: { type: "visible-string" } }, { dataAccessResult: "object-undefined" }],
    });
    for (const hex of [
      "c003c100",
      "c003c182ffff00030100010800ff0200",
      "c104c10000",
      "c104c10100030100010800ff02000200 00",
      "c303c10000",
    ]) {
      const made = open();
      expect(made.rawHex(hex.replace(" ", ""))).toBe("d80102");
      expect(made.executed).toEqual([]);
      goesOn(made);
    }
  });

  it("D17: several requests wait, and are answered as they are ready", () => {
    const bottle = open({ answer: () => undefined });
    for (const invokeId of [1, 2, 3]) send(bottle, { apdu: "get-request-normal", ...invoke, invokeId, attribute });
    expect(bottle.executed.map(({ id }) => id)).toEqual([1, 2, 3]);
    bottle.server.respond(3, [{ error: "other-reason" }], 0);
    bottle.server.respond(1, [{ data: { type: "null-data" } }], 0);
    expect(bottle.replies().map(toHex)).toEqual(["c401c301fa", "c401c10000"]);
    // The same again while it waits: executed once.
    expect(send(bottle, { apdu: "get-request-normal", ...invoke, invokeId: 2, attribute })).toBe("");
    expect(bottle.executed).toHaveLength(3);
    for (let invokeId = 4; invokeId < 15; invokeId++)
      send(bottle, { apdu: "get-request-normal", ...invoke, invokeId, attribute });
    expect(() => bottle.server.respond(2, [], 0)).toThrow("1 items, but 0 results");
    bottle.server.respond(2, [{ data: { type: "null-data" } }], 0);
    expect(bottle.replies().map(toHex)).toEqual(["c401c20000"]);
    for (const service of ["set", "action"] as const) {
      const apdu: ApduLike =
        service === "set"
          ? { apdu: "set-request-normal", ...invoke, attribute, value: { type: "null-data" } }
          : { apdu: "action-request-normal", ...invoke, method };
      const made = open({ answer: () => undefined });
      send(made, apdu);
      expect(() => made.server.respond(1, [], 0)).toThrow("0 results");
    }
  });

  it("refuses more requests at once than it was told to take", () => {
    const bottle = open({ answer: () => undefined, server: { outstanding: 2 } });
    for (const invokeId of [1, 2])
      expect(send(bottle, { apdu: "get-request-normal", ...invoke, invokeId, attribute })).toBe("");
    expect(send(bottle, { apdu: "get-request-normal", ...invoke, invokeId: 3, attribute })).toBe("d80103");
  });

  it("D18: what does not fit and cannot go in blocks is not cut off", () => {
    const long = { type: "octet-string", value: new Uint8Array(300) } as const;
    const small: BottleOptions = {
      client: { maxReceivePduSize: 64 },
      answer: ({ request }) =>
        request.service === "get"
          ? request.items.map(() => ({ data: long }))
          : request.items.map(() => ({ result: "success", data: long })),
    };
    const no = without("block-transfer-with-get-or-read", "block-transfer-with-action");
    const bottle = open({ ...small, ...no });
    expect(bottle.ask({ service: "get", items: [energy] })).toMatchObject({ results: [{ error: "other-reason" }] });
    expect(bottle.ask({ service: "get", items: [energy, energy] })).toMatchObject({
      results: [{ error: "other-reason" }, { error: "other-reason" }],
    });
    expect(bottle.ask({ service: "action", items: [{ method }] })).toMatchObject({
      results: [{ result: "success", data: { error: "other-reason" } }],
    });
    expect(bottle.ask({ service: "action", items: [{ method }, { method }] })).toMatchObject({
      results: [{ result: "success", data: { error: "other-reason" } }, { result: "success" }],
    });
  });

  it("what cannot be answered is not executed", () => {
    const attributes = Array.from({ length: 20 }, () => ({ attribute }));
    const values = attributes.map(() => ({ type: "null-data" }) as const);
    const methods = attributes.map(() => method);
    const options = { ...without("block-transfer-with-action"), client: { maxReceivePduSize: 12 } };
    const bottle = open(options);
    expect(send(bottle, { apdu: "set-request-with-list", ...invoke, attributes, values })).toBe("d80104");
    expect(send(bottle, { apdu: "action-request-with-list", ...invoke, methods, parameters: values })).toBe("d80104");
    const first = {
      apdu: "set-request-with-list-and-first-datablock",
      ...invoke,
      block: block(1, false, "14"),
    } as const;
    expect(send(bottle, { ...first, attributes })).toBe("d80104");
    // The longest answer that fits: 12 octets.
    expect(send(bottle, { ...first, attributes: attributes.slice(0, 5) })).toBe("d80104");
    expect(send(bottle, { ...first, attributes: attributes.slice(0, 4) })).toBe("c502c100000001");
    expect(
      send(bottle, {
        apdu: "set-request-with-list",
        ...invoke,
        attributes: attributes.slice(0, 8),
        values: values.slice(0, 8),
      }),
    ).toBe("c505c1080000000000000000");
    bottle.executed.length = 0;
    expect(bottle.executed).toEqual([]);
    goesOn(bottle);
  });

  it("W4, B12: an APDU longer than the server takes is refused", () => {
    const bottle = open({ offer: { maxReceivePduSize: 32 } });
    expect(
      send(bottle, {
        apdu: "set-request-normal",
        ...invoke,
        attribute,
        value: { type: "octet-string", value: new Uint8Array(30) },
      }),
    ).toBe("d80104");
    expect(bottle.executed).toEqual([]);
    goesOn(bottle);
  });

  it("any octets: an answer or none, never a throw, and nothing is executed that cannot be read", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom(0xc0, 0xc1, 0xc3, 0x60, 0x62, 0xc8, 0xdb, undefined),
        (octets, tag) => {
          const bottle = open();
          const pdu = octets.slice();
          if (tag !== undefined && pdu.length > 0) pdu[0] = tag;
          expect(bottle.raw(pdu).length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: times(100) },
    );
  });
});

describe("block transfer at the edges", () => {
  const long = { type: "octet-string", value: Uint8Array.from({ length: 200 }, (_, at) => at) } as const;
  const small: BottleOptions = { client: { maxReceivePduSize: 64 }, answer: () => [{ data: long }] };
  const get: ApduLike = { apdu: "get-request-normal", ...invoke, attribute };
  const next = (blockNumber: number, invokeId = 1): ApduLike => ({
    apdu: "get-request-next",
    ...invoke,
    invokeId,
    blockNumber,
  });

  it("B1: blocks are numbered from 1, and the last one says so", () => {
    const bottle = open(small);
    const blocks = [bottle.raw(encodeApdu(get))[0] as Uint8Array];
    for (let number = 1; number < 4; number++) blocks.push(bottle.raw(encodeApdu(next(number)))[0] as Uint8Array);
    expect(blocks.map((pdu) => pdu.length)).toEqual([64, 64, 64, 51]);
    expect(
      blocks.map((pdu) => (decodeApdu(pdu) as { block: { blockNumber: number; lastBlock: boolean } }).block),
    ).toMatchObject([
      { blockNumber: 1, lastBlock: false },
      { blockNumber: 2, lastBlock: false },
      { blockNumber: 3, lastBlock: false },
      { blockNumber: 4, lastBlock: true },
    ]);
    expect(bottle.server.deadline).toBeUndefined();
    expect(send(bottle, next(4))).toBe("c402c101000000040110");
  });

  it("B2 to B4: wrong numbers, no transfer, another GET between", () => {
    for (const wrong of [2, 0, 5]) {
      const bottle = open(small);
      bottle.raw(encodeApdu(get));
      expect(send(bottle, next(wrong))).toBe(`c402c1010000000${wrong}0113`);
      expect(send(bottle, next(1))).toBe("c402c101000000010110");
    }
    const bottle = open(small);
    expect(send(bottle, next(1))).toBe("c402c101000000010110");
    bottle.raw(encodeApdu(get));
    expect(send(bottle, next(1, 2))).toBe("c402c201000000010110");
    bottle.raw(encodeApdu({ ...get, invokeId: 3 } as ApduLike));
    expect(send(bottle, next(1, 1))).toBe("c402c101000000010110");
    expect(send(bottle, next(1, 3))).toMatch(/^c402c30000000002/);
    bottle.now = 60_000;
    expect(bottle.server.deadline).toBe(60_000);
    bottle.server.expire(60_000);
    expect(bottle.server.deadline).toBeUndefined();
    expect(send(bottle, next(2, 3))).toBe("c402c301000000020110");
  });

  const setFirst = (blockNumber: number, lastBlock: boolean, hex: string, invokeId = 1): ApduLike => ({
    apdu: "set-request-with-first-datablock",
    ...invoke,
    invokeId,
    attribute,
    block: block(blockNumber, lastBlock, hex),
  });
  const setNext = (blockNumber: number, lastBlock: boolean, hex: string, invokeId = 1): ApduLike => ({
    apdu: "set-request-with-datablock",
    ...invoke,
    invokeId,
    block: block(blockNumber, lastBlock, hex),
  });

  it("B6: SET blocks out of place write nothing", () => {
    const bottle = open();
    expect(send(bottle, setFirst(2, false, "06"))).toBe("c503c11300000002");
    expect(send(bottle, setFirst(1, false, "06"))).toBe("c502c100000001");
    expect(send(bottle, setNext(3, false, "00"))).toBe("c503c11300000003");
    expect(send(bottle, setFirst(1, false, "06"))).toBe("c502c100000001");
    expect(send(bottle, setNext(1, false, "00"))).toBe("c503c11300000001");
    expect(send(bottle, setNext(2, true, "00"))).toBe("c503c11200000002");
    expect(bottle.executed).toEqual([]);
    send(bottle, setFirst(1, false, "0600"));
    expect(send(bottle, setNext(2, true, "000001"))).toBe("c503c10000000002");
    expect(bottle.executed).toHaveLength(1);
    expect(send(bottle, setNext(3, true, "00"))).toBe("c503c11200000003");
    expect(bottle.executed).toHaveLength(1);
    // B12: an empty block is one.
    send(bottle, setFirst(1, false, ""));
    expect(send(bottle, setNext(2, true, "00"))).toBe("c503c10000000002");
    // Values that are none, or one too many.
    for (const hex of ["ee", "06000000", "0000"]) expect(send(bottle, setFirst(1, true, hex))).toBe("c503c1fa00000001");
    expect(bottle.executed).toHaveLength(2);
  });

  it("B7, B8: a SET that is given up, stands still or never ends is told so, and its memory is free", () => {
    const bottle = open({ offer: { maxApdu: 100 } });
    send(bottle, setFirst(1, false, "06"));
    send(bottle, { apdu: "set-request-normal", ...invoke, invokeId: 2, attribute, value: { type: "null-data" } });
    expect(send(bottle, setNext(2, true, "00"))).toBe("c503c11100000002");
    expect(send(bottle, setNext(2, true, "00"))).toBe("c503c11200000002");
    send(bottle, setFirst(1, false, "06"));
    bottle.now = 60_000;
    expect(send(bottle, setNext(2, true, "00000001"))).toBe("c503c11100000002");
    send(bottle, setFirst(1, false, "09815f"));
    for (let number = 2; number < 11; number++) send(bottle, setNext(number, false, "00".repeat(10)));
    expect(send(bottle, setNext(11, false, "00".repeat(10)))).toBe("c503c1110000000b");
    send(bottle, setFirst(1, false, ""));
    for (let number = 2; number < 101; number++) send(bottle, setNext(number, false, ""));
    expect(send(bottle, setNext(101, false, ""))).toBe("c503c11100000065");
    expect(bottle.executed).toHaveLength(1);
    // The same invoke id again: a new transfer, not the old one.
    send(bottle, setFirst(1, false, "06"));
    expect(send(bottle, setFirst(1, true, "00"))).toBe("c503c10000000001");
    expect(send(bottle, setNext(2, true, "00"))).toBe("c503c11200000002");
  });

  it("lists in blocks must have a value for each item", () => {
    const bottle = open();
    const attributes = [{ attribute }, { attribute }];
    const set = (hex: string): ApduLike => ({
      apdu: "set-request-with-list-and-first-datablock",
      ...invoke,
      attributes,
      block: block(1, true, hex),
    });
    expect(send(bottle, set("020000"))).toBe("c504c102000000000001");
    expect(send(bottle, set("0100"))).toBe("c503c1fa00000001");
    const act = (hex: string): ApduLike => ({
      apdu: "action-request-with-list-and-first-pblock",
      ...invoke,
      methods: [method, method],
      block: block(1, true, hex),
    });
    expect(send(bottle, act("020000"))).toBe("c703c1020001000000010000");
    expect(send(bottle, act("0100"))).toBe("c701c1fa00");
    expect(bottle.executed).toHaveLength(2);
  });

  const actFirst = (blockNumber: number, lastBlock: boolean, hex: string, invokeId = 1): ApduLike => ({
    apdu: "action-request-with-first-pblock",
    ...invoke,
    invokeId,
    method,
    block: block(blockNumber, lastBlock, hex),
  });
  const actNext = (blockNumber: number, lastBlock: boolean, hex: string, invokeId = 1): ApduLike => ({
    apdu: "action-request-with-pblock",
    ...invoke,
    invokeId,
    block: block(blockNumber, lastBlock, hex),
  });
  const more = (blockNumber: number, invokeId = 1): ApduLike => ({
    apdu: "action-request-next-pblock",
    ...invoke,
    invokeId,
    blockNumber,
  });

  it("B9: ACTION blocks, both ways", () => {
    const bottle = open({ client: { maxReceivePduSize: 64 }, answer: () => [{ result: "success", data: long }] });
    expect(send(bottle, actNext(2, true, "00"))).toBe("c701c11000");
    expect(send(bottle, more(1))).toBe("c701c11000");
    expect(send(bottle, actFirst(1, false, "09"))).toBe("c704c100000001");
    expect(send(bottle, actNext(3, true, "00"))).toBe("c701c10f00");
    expect(send(bottle, actFirst(1, false, "09"))).toBe("c704c100000001");
    expect(send(bottle, actNext(2, true, "00"))).toMatch(/^c702c10000000001/);
    expect(bottle.executed).toHaveLength(1);
    expect(bottle.server.deadline).toBe(60_000);
    expect(send(bottle, more(2))).toBe("c701c10f00");
    expect(send(bottle, more(1))).toBe("c701c11000");
    send(bottle, actFirst(1, true, "00"));
    for (const number of [1, 2]) expect(send(bottle, more(number))).toMatch(/^c702c100/);
    expect(send(bottle, more(3))).toMatch(/^c702c101/);
    expect(send(bottle, more(4))).toBe("c701c11000");
    // Given up by another, standing still, never ending, unreadable.
    send(bottle, actFirst(1, false, "09"));
    send(bottle, actFirst(1, false, "09", 2));
    expect(send(bottle, actNext(2, true, "00"))).toBe("c701c10f00");
    bottle.now = 60_000;
    expect(send(bottle, actNext(2, true, "00", 2))).toBe("c701c20f00");
    expect(send(bottle, actFirst(1, true, "ee"))).toBe("c701c1fa00");
    send(bottle, actFirst(1, true, "00"));
    bottle.now = 120_000;
    expect(send(bottle, more(1))).toBe("c701c11000");
    const capped = open({ offer: { maxApdu: 4 } });
    expect(send(capped, actFirst(1, false, "0000000000"))).toBe("c701c10f00");
  });

  it("a block does not fit where the client takes too little", () => {
    const bottle = open({ ciphered: true, client: { maxReceivePduSize: 28 }, answer: () => [{ data: long }] });
    expect(bottle.ask({ service: "get", items: [energy] })).toMatchObject({
      type: "failed",
      fault: { code: "exception-response" },
    });
    const acting = open({
      ciphered: true,
      client: { maxReceivePduSize: 28 },
      answer: () => [{ result: "success", data: long }],
    });
    expect(acting.ask({ service: "action", items: [{ method }] })).toMatchObject({ type: "failed" });
  });

  it("B5, B11: blocks tell of one moment, each with a counter of its own", () => {
    let reads = 0;
    const bottle = open({
      ciphered: true,
      client: { maxReceivePduSize: 64 },
      answer: () => [{ data: { ...long, value: new Uint8Array(100).fill(++reads) } }],
    });
    expect(bottle.ask({ service: "get", items: [energy] })).toMatchObject({
      results: [{ data: { value: new Uint8Array(100).fill(1) } }],
    });
    expect(reads).toBe(1);
  });
});
