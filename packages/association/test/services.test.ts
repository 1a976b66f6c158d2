import { ApduTag, encodeApdu } from "@dlmskit/apdu";
import { toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { type GetResult, servedConformance, services } from "../src/index.ts";
import { Bottle, energy, everything, general } from "./bottle.ts";

const attribute0 = { ...energy, attributeId: 0 };
const without = (bit: string) => everything.filter((name) => name !== bit);

describe("the table of services", () => {
  it("has a tag of its own for every request, and its response", () => {
    const all = Object.values(services);
    const tags = all.flatMap(({ requestTag, responseTag }) => [requestTag, responseTag]);
    expect(new Set(tags).size).toBe(tags.length);
    for (const one of all) {
      expect(ApduTag[`${one.name}-request`]).toBe(one.requestTag);
      expect(ApduTag[`${one.name}-response`]).toBe(one.responseTag);
      expect(services[one.name]).toBe(one);
    }
  });

  it("gives the conformance of a server", () => {
    expect([...servedConformance()].sort()).toEqual(
      [...general].filter((name) => name !== "attribute0-supported-with-set").sort(),
    );
    expect(servedConformance(["get"])).toEqual([
      "general-protection",
      "general-block-transfer",
      "priority-mgmt-supported",
      "get",
      "multiple-references",
      "selective-access",
      "attribute0-supported-with-get",
      "block-transfer-with-get-or-read",
    ]);
    expect(servedConformance(["set"], ["attribute0-supported-with-set"])).toContain("attribute0-supported-with-set");
    expect(servedConformance(["get"], ["attribute0-supported-with-set"])).not.toContain(
      "attribute0-supported-with-set",
    );
  });

  it("says how results of every service are written, and what they were", () => {
    expect(services.get.refused("object-undefined")).toEqual({ error: "object-undefined" });
    expect(services.set.refused("object-undefined")).toBe("object-undefined");
    expect(services.action.refused("object-undefined")).toEqual({ result: "object-undefined" });
    // Action-Result has no block numbers.
    expect(services.action.refused("data-block-number-invalid")).toEqual({ result: "other-reason" });
    expect(services.get.granted({ data: { type: "null-data" } })).toBe(true);
    expect(services.set.granted("success")).toBe(true);
    expect(services.action.granted({ result: "success" })).toBe(true);
    for (const one of Object.values(services)) {
      expect((one.granted as (result: unknown) => boolean)(one.refused("read-write-denied"))).toBe(false);
    }
  });
});

describe("attribute 0 with GET", () => {
  const all: GetResult = {
    data: { type: "structure", value: [{ type: "unsigned", value: 1 }, { type: "null-data" }] },
  };

  it("reaches the server as an item where it was negotiated", () => {
    const bottle = new Bottle({ answer: () => [all] }).open();
    expect(bottle.ask({ service: "get", items: [attribute0] })).toMatchObject({ type: "response", results: [all] });
    expect(bottle.executed[0]?.request).toEqual({ service: "get", items: [attribute0] });
    expect(toHex(bottle.wire.at(-1)?.pdu as Uint8Array)).toMatch(/^c401..0002021101/);
  });

  it("is refused by both ends where it was not, alone and in a list", () => {
    const bottle = new Bottle({
      offer: { conformance: without("attribute0-supported-with-get") },
    }).open();
    const request = (attributes: readonly (typeof energy)[]) =>
      encodeApdu({
        ...{ apdu: "get-request-with-list", invokeId: 1, priority: "normal", serviceClass: "confirmed" },
        attributes: attributes.map((attribute) => ({ attribute })),
      } as never);
    expect(bottle.rawHex("c0014100030100010800ff0000")).toBe("d80102");
    expect(bottle.rawHex(request([energy, attribute0]))).toBe("d80102");
    expect(bottle.rawHex(request([energy, energy]))).toMatch(/^c403/);
    expect(bottle.executed).toHaveLength(1);
    for (const items of [[attribute0], [energy, attribute0]]) {
      expect(bottle.ask({ service: "get", items })).toMatchObject({
        type: "failed",
        fault: { code: "service-not-supported", hint: "ask for the attributes one by one" },
      });
    }
    expect(bottle.executed).toHaveLength(1);
  });
});

describe("the shortest answer", () => {
  const set = { service: "set", items: [{ attribute: energy, value: { type: "unsigned", value: 1 } }] } as const;

  it("of a SET, plain, fits the least PDU size that can be negotiated", () => {
    const bottle = new Bottle({ client: { maxReceivePduSize: 12 } }).open();
    expect(bottle.ask(set)).toMatchObject({ type: "response", results: ["success"] });
    expect(bottle.wire.at(-1)?.pdu).toHaveLength(4);
    // tag, choice, invoke-id, count, one octet a result
    const items = Array.from({ length: 8 }, () => set.items[0]);
    expect(bottle.ask({ service: "set", items })).toMatchObject({ type: "response" });
    expect(bottle.wire.at(-1)?.pdu).toHaveLength(12);
    const more = bottle.ask({ service: "set", items: [...items, set.items[0]] });
    expect(more).toMatchObject({ type: "failed", fault: { code: "exception-response", detail: "pdu-too-long" } });
    expect(bottle.executed).toHaveLength(2);
  });

  it("of a SET, ciphered, has 23 octets: with one less nothing is written", () => {
    // tag, length, security control, counter, 4 octets, authentication tag
    for (const [size, done] of [
      [23, true],
      [22, false],
    ] as const) {
      const bottle = new Bottle({ ciphered: true, mechanism: 0, client: { maxReceivePduSize: size } }).open();
      expect(bottle.ask(set)).toMatchObject(
        done ? { type: "response", results: ["success"] } : { type: "failed", fault: { detail: "pdu-too-long" } },
      );
      expect(bottle.executed).toHaveLength(done ? 1 : 0);
      if (done) expect(bottle.wire.at(-1)?.pdu).toHaveLength(23);
    }
  });
});
