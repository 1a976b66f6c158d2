import { type AccessRequest, type AccessResponse, decodeApdu, encodeApdu } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import type { AccessItem, AccessResult, ServiceRequest } from "../src/index.ts";
import { Bottle, type BottleOptions, energy, everything, general, serverTitle } from "./bottle.ts";
import { sequence } from "./sequences.ts";

const access = (items: readonly AccessItem[], more: object = {}): ServiceRequest =>
  ({ service: "access", items, ...more }) as ServiceRequest;
const method = { classId: 70, instanceId: "0.0.96.3.10.255", methodId: 1 };
const get: AccessItem = { service: "get", attribute: energy };
const set: AccessItem = { service: "set", attribute: energy, value: { type: "unsigned", value: 7 } };
const action: AccessItem = { service: "action", method };

const request = (hex: string): AccessRequest => decodeApdu(fromHex(hex)) as AccessRequest;
const response = (hex: string): AccessResponse => decodeApdu(fromHex(hex)) as AccessResponse;
/** Our server has no clock of its own to tell the time by. */
const untimed = ({ dateTime: _, ...apdu }: AccessResponse): string => toHex(encodeApdu(apdu as AccessResponse));

/** The results that a response tells, as a server gives them. */
const resultsOf = ({ results, data }: AccessResponse): AccessResult[] =>
  results.map(({ service, result }, at) => {
    const value = data[at] as NonNullable<AccessResult["data"]>;
    return { service, result, ...(result === "success" && service !== "set" ? { data: value } : {}) } as AccessResult;
  });

/** The items of a request, as a client gives them. */
const itemsOf = ({ specifications, data }: AccessRequest): AccessItem[] =>
  specifications.map((one, at): AccessItem => {
    const value = data[at] as NonNullable<AccessResult["data"]>;
    if (one.service === "action") {
      return { service: "action", method: one.method, ...(value.type === "null-data" ? {} : { parameters: value }) };
    }
    const attribute = "access" in one ? { ...one.attribute, access: one.access } : one.attribute;
    return one.service.startsWith("set") ? { service: "set", attribute, value } : { service: "get", attribute };
  });

type Answer = NonNullable<BottleOptions["answer"]>;

const open = (options: BottleOptions = {}): Bottle => new Bottle(options).open();

describe("ACCESS, exchange by exchange", () => {
  for (const id of ["acc-001", "acc-002", "acc-003", "acc-004", "acc-005", "acc-007"]) {
    it(`${id}, the part of the server`, () => {
      const { steps } = sequence(id);
      const [asked, answered] = steps;
      const given = answered === undefined ? [] : resultsOf(response(answered.hex));
      // acc-004 is answered though its service class is unconfirmed.
      const offer = id === "acc-004" ? ({ unconfirmed: "answered" } as const) : {};
      const bottle = open({ offer, answer: () => (given.length > 0 ? given : undefined) });
      const replies = bottle.raw(asked?.hex as string);
      expect(replies.map((one) => toHex(one))).toEqual(answered === undefined ? [] : [untimed(response(answered.hex))]);
      expect(bottle.executed).toHaveLength(1);
      const { processingOption } = request(asked?.hex as string);
      const breaks = bottle.executed[0]?.request as { breakOnError?: boolean };
      expect(breaks.breakOnError ?? false).toBe(processingOption === "break-on-error");
    });
  }

  for (const id of ["acc-001", "acc-002", "acc-003", "acc-005", "acc-007"]) {
    it(`${id}, the part of the client`, () => {
      const [asked, answered] = sequence(id).steps;
      const expected = request(asked?.hex as string);
      const { client } = open();
      client.poll();
      const { selfDescriptive, dateTime, serviceClass } = expected;
      const more = { selfDescriptive, ...(dateTime === undefined ? {} : { dateTime }) };
      client.request(access(itemsOf(expected), more), { confirmed: serviceClass === "confirmed" }, 0);
      const first = client.poll();
      const sent = request(first?.type === "transmit" ? toHex(first.pdu) : "");
      // The id is the client's own.
      expect({ ...sent, longInvokeId: expected.longInvokeId }).toEqual(expected);
      if (answered === undefined) return;
      const told = { ...response(answered.hex), longInvokeId: sent.longInvokeId };
      client.receive(encodeApdu(told), 0);
      const results = resultsOf(told).map((one) => {
        const { data, ...rest } = one;
        return one.service === "action" || data === undefined ? rest : one;
      });
      expect(client.poll()).toMatchObject({ type: "response", service: "access", results });
    });
  }

  it("acc-008: a long response goes by general block transfer", () => {
    const { steps, assembled } = sequence("acc-008");
    const bottle = open({
      client: { conformance: general, maxReceivePduSize: 37 },
      offer: { conformance: general, generalBlocks: { window: 2 } },
      answer: () => resultsOf(response(assembled as string)),
    });
    expect(bottle.rawHex(steps[0]?.hex as string)).toBe(steps[1]?.hex);
    expect(bottle.rawHex(steps[2]?.hex as string)).toBe(steps[3]?.hex);
  });
});

describe("ACCESS between both ends", () => {
  it("X1, X5: each item has its data and its result, with a date-time and without", () => {
    const dateTime = response(sequence("acc-001").steps[1]?.hex as string).data[0];
    expect(dateTime).toBeDefined();
    const bottle = open();
    expect(bottle.ask(access([get, set, action], { selfDescriptive: true }))).toMatchObject({
      type: "response",
      results: [
        { service: "get", result: "success", data: { value: "1.0.1.8.0.255:2" } },
        { service: "set", result: "success" },
        { service: "action", result: "success" },
      ],
    });
    const apdu = response(toHex(bottle.wire.at(-1)?.pdu as Uint8Array));
    expect(apdu.specifications).toHaveLength(3);
    expect(apdu.data).toHaveLength(3);
    const timed = "d9400000020c07ea0b1b05150000ffffc400010100080000010000ff020100";
    expect(bottle.rawHex(timed)).toMatch(/^da40000002/);
    expect(bottle.executed[1]?.request).toMatchObject({ dateTime: { year: 2026 } });
  });

  it("X3: lists that differ in number, and what cannot be read, are refused, nothing is executed", () => {
    const bottle = open();
    expect(bottle.rawHex(sequence("acc-006").steps[0]?.hex as string)).toBe("d80102");
    expect(bottle.rawHex("d94000000600020100080000010000ff02")).toMatch(/^d801/);
    expect(bottle.rawHex("d940000006000184ffffffff")).toMatch(/^d801/);
    expect(bottle.executed).toEqual([]);
    // An unconfirmed one is not even told so.
    expect(bottle.rawHex("d900000006000184ffffffff")).toBe("");
  });

  it("X4: ids of 24 bits are echoed, and told from those of 4", () => {
    const bottle = open({ answer: () => undefined });
    const octets = `d9c0fffffa000101${"0008"}0000010000ff020100`;
    expect(bottle.rawHex(octets)).toBe("");
    expect(bottle.rawHex(octets)).toBe("");
    expect(bottle.fromServer.at(-1)).toMatchObject({ type: "refused", fault: { code: "duplicate-request" } });
    // The invoke id 10 of a GET is another one.
    expect(bottle.rawHex("c001ca00030100010800ff0200")).toBe("");
    expect(bottle.executed).toHaveLength(2);
    bottle.server.respond(bottle.executed[0]?.id as number, [{ service: "get", result: "temporary-failure" }], 0);
    expect(bottle.replies().map((one) => toHex(one))).toEqual(["dac0fffffa000001000101" + "02"]);
  });

  it("a count of 0 gives empty lists", () => {
    const bottle = open();
    expect(bottle.rawHex("d940000007000000")).toBe("da40000007000000" + "00");
  });

  it("X8: is in a general form in a ciphered association, whatever form the rest has", () => {
    for (const dedicatedKey of [false, true]) {
      const bottle = open({
        ...{ ciphered: true, clientSecurity: { dedicatedKey } },
        client: { conformance: general, maxReceivePduSize: 100 },
        offer: { conformance: general },
        answer: () => [
          { service: "get", result: "success", data: { type: "octet-string", value: new Uint8Array(300) } },
        ],
      });
      const before = bottle.wire.length;
      expect(bottle.ask(access([get]))).toMatchObject({ type: "response", results: [{ result: "success" }] });
      const [asked, ...answered] = bottle.wire.slice(before).map(({ pdu }) => pdu);
      expect(asked?.[0]).toBe(dedicatedKey ? 0xdc : 0xdb);
      expect(answered.every((pdu) => pdu[0] === 0xe0)).toBe(true);
    }
    const without = open({
      ciphered: true,
      offer: { conformance: everything.filter((one) => one !== "general-protection") },
    });
    expect(without.ask(access([get]))).toMatchObject({ type: "failed", fault: { code: "service-not-supported" } });
    expect(without.executed).toEqual([]);
  });

  it("X8: is signed, too", () => {
    const bottle = open({
      ciphered: true,
      suite: 1,
      clientSecurity: { signed: "inside", serverSystemTitle: serverTitle },
    });
    expect(bottle.ask(access([get, action]))).toMatchObject({ type: "response", results: [{ result: "success" }, {}] });
    expect(bottle.executed[0]?.protection).toEqual({ authenticated: true, encrypted: true, signed: true });
  });

  it("says what fits where the response is too long and nothing carries it; nothing is done that cannot be told", () => {
    const long = { type: "octet-string", value: new Uint8Array(200) } as const;
    const answer: Answer = ({ request: asked }) =>
      (asked.items as readonly AccessItem[]).map(
        (item, at): AccessResult =>
          item.service === "set"
            ? { service: "set", result: "success" }
            : { service: item.service, result: "success", data: at === 1 ? long : { type: "unsigned", value: at } },
      );
    const bottle = open({ answer, client: { maxReceivePduSize: 64 } });
    expect(bottle.ask(access([get, get, set, action, get], { selfDescriptive: true }))).toMatchObject({
      results: [
        { result: "success", data: { value: 0 } },
        { service: "get", result: "other-reason" },
        { service: "set", result: "success" },
        { service: "action", result: "success", data: { value: 3 } },
        { result: "success", data: { value: 4 } },
      ],
    });
    const many = Array.from({ length: 19 }, () => set);
    expect(bottle.ask(access(many))).toMatchObject({ type: "failed", fault: { detail: "pdu-too-long" } });
    expect(bottle.executed).toHaveLength(1);
  });

  it("a streamed item that fails before any of it was sent has failed, one that fails later ends the transfer", () => {
    const streamed = (parts: readonly (Uint8Array | "later" | { error: "hardware-fault" })[]) => {
      const left = [...parts];
      return { type: "streamed", next: () => left.shift() } as const;
    };
    const give =
      (parts: Parameters<typeof streamed>[0]): Answer =>
      () => [
        { service: "get", result: "success", data: streamed(parts) },
        { service: "set", result: "success" },
      ];
    const failed = open({ answer: give([{ error: "hardware-fault" }]) });
    expect(failed.ask(access([get, set]))).toMatchObject({
      results: [
        { service: "get", result: "hardware-fault" },
        { service: "set", result: "success" },
      ],
    });
    const octets = fromHex(`0981c8${"00".repeat(200)}`);
    const options = { client: { conformance: general, maxReceivePduSize: 64 }, offer: { conformance: general } };
    const whole = open({ ...options, answer: give([octets.subarray(0, 100), "later", octets.subarray(100)]) });
    whole.client.request(access([get, set]), {}, 0);
    whole.run();
    expect(whole.server.suspended).toBe(true);
    whole.server.resume(0);
    whole.run();
    expect(whole.fromClient.at(-1)).toMatchObject({
      results: [{ data: { type: "octet-string" } }, { result: "success" }],
    });
    const broken = open({ ...options, answer: give([octets.subarray(0, 150), { error: "hardware-fault" }]) });
    expect(broken.ask(access([get, set]))).toMatchObject({ type: "failed", fault: { code: "transfer-aborted" } });
    const still = open({ ...options, answer: give([octets.subarray(0, 150), "later", "later"]) });
    still.client.request(access([get, set]), { within: 1e9 }, 0);
    still.run();
    still.now = 60_000;
    still.server.expire(60_000);
    expect(still.replies().map((one) => toHex(one))).toEqual(["e0800000000000"]);
    expect(still.fromServer.at(-1)).toMatchObject({ fault: { code: "stream-timeout" } });
  });

  it("refuses results of another kind than their items, and another number of them", () => {
    const { client } = open();
    client.poll();
    client.request(access([get]), {}, 0);
    client.poll();
    client.receive(fromHex("da400000010000010001020" + "0"), 0);
    expect(client.poll()).toMatchObject({ type: "failed", fault: { code: "unexpected-response" } });
    client.request(access([get, get]), {}, 0);
    client.poll();
    client.receive(fromHex("da4000000200000100010100"), 0);
    expect(client.poll()).toMatchObject({ type: "failed", fault: { code: "unexpected-response" } });
  });

  it("D9: what was not negotiated has no effect, nor have its options", () => {
    const none = open({ offer: { conformance: ["get", "set"] } });
    expect(none.rawHex("d94000000100010100080000010000ff020100")).toBe("d80102");
    const plain = open({ offer: { conformance: ["access", "get"] } });
    expect(plain.rawHex(sequence("acc-005").steps[0]?.hex as string)).toBe("d80102");
    expect(plain.rawHex("d94000000100010100080000010000ff000100")).toBe("d80102");
    expect([...none.executed, ...plain.executed]).toEqual([]);
    expect(plain.ask(access([{ service: "get", attribute: { ...energy, attributeId: 0 } }]))).toMatchObject({
      type: "failed",
      fault: { code: "service-not-supported" },
    });
  });
});
