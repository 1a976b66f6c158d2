import { fromHex, toHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger, noble, Protection } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { type GetResult, type ServiceRequest, UnconfirmedAssembly, unconfirmedBlocks } from "../src/index.ts";
import { Bottle, type BottleOptions, energy, general } from "./bottle.ts";
import { block, played, type Sequence, sequence } from "./sequences.ts";

const wholes = ({ assembled }: Sequence): readonly string[] =>
  typeof assembled === "string" ? [assembled] : (assembled ?? []);

describe("general block transfer, exchange by exchange", () => {
  // The end that has each message, and octets of the longest APDU that the other takes.
  for (const [id, most, senders] of [
    ["gbt-001", 9, ["server"]],
    ["gbt-002", 9, ["server"]],
    ["gbt-003", 9, ["server"]],
    ["gbt-004", 27, ["server"]],
    ["gbt-005", 27, ["server"]],
    ["gbt-006", 27, ["client", "server"]],
    ["gbt-007", 27, ["client", "server"]],
  ] as const) {
    for (const own of ["client", "server"] as const) {
      it(`${id}, the part of the ${own}`, () => {
        const found = sequence(id);
        const [, other] = own === "client" ? ["client", "server"] : ["server", "client"];
        const of = (end: string | undefined) => wholes(found)[(senders as readonly unknown[]).indexOf(end)];
        const message = of(own);
        const { pairs, came, left } = played(
          found.steps,
          own,
          message === undefined ? undefined : fromHex(message),
          most,
        );
        expect(pairs.length).toBeGreaterThan(0);
        for (const { is, expected } of pairs) expect(is).toEqual(expected);
        expect(left).toEqual([]);
        expect(came && toHex(came)).toBe(of(other));
      });
    }
  }

  it("gbt-008: a notification that nobody confirms", () => {
    const { steps, assembled } = sequence("gbt-008");
    const apdus = unconfirmedBlocks(fromHex(assembled as string), 33);
    expect(apdus.map((one) => toHex(one))).toEqual(steps.map(({ hex }) => hex));
  });

  it("gbt-009: one of a real meter, whose last block streams", () => {
    const { blocks, assembled } = sequence("gbt-009");
    const assembly = new UnconfirmedAssembly(1000);
    const parts = (blocks ?? []).map((hex) => {
      expect(assembly.owns(block(hex))).toBe(true);
      return assembly.receive(block(hex), 0);
    });
    expect(parts.map((one) => one && toHex(one))).toEqual([undefined, undefined, assembled]);
  });
});

/** A server with window 1 that answers a GET with these octets of Data. */
function server(data: string, options: BottleOptions = {}): Bottle {
  const results: GetResult[] = [{ data: { type: "encoded", octets: fromHex(data) } }];
  return new Bottle({
    answer: () => results,
    ...options,
    client: { maxReceivePduSize: 27, conformance: general, ...options.client },
    offer: { conformance: general, generalBlocks: { window: 1, prefer: "general" }, ...options.offer },
  }).open();
}

/** The answers to the client's steps, one after the other, are the server's. */
function answered(bottle: Bottle, { steps }: Sequence): void {
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at];
    if (step?.from !== "client" || step.lost === true) continue;
    const following = steps.slice(at + 1);
    const end = following.findIndex(({ from }) => from === "client");
    const replies = following.slice(0, end < 0 ? undefined : end).map(({ hex }) => hex);
    expect(bottle.rawHex(step.hex), step.hex).toBe(replies.join(" "));
  }
}

describe("sequences over the wire, at the server", () => {
  it("gbt-004 and gbt-005: a GET in blocks, an acknowledgement and the last block lost", () => {
    const data = (sequence("gbt-004").assembled as string).slice(8);
    answered(server(data), sequence("gbt-004"));
    answered(server(data), sequence("gbt-005"));
  });

  it("gbt-006: a SET in blocks", () => {
    const bottle = server("00", { answer: () => ["success"], client: { maxReceivePduSize: 1024 } });
    answered(bottle, sequence("gbt-006"));
    expect(bottle.executed).toMatchObject([{ request: { service: "set" } }]);
  });

  it("gbt-010: an abort, after which the next request is served", () => {
    const { steps } = sequence("gbt-010");
    const bottle = server((sequence("gbt-004").assembled as string).slice(8));
    expect(bottle.rawHex(steps[0]?.hex as string)).toBe(steps[1]?.hex);
    expect(bottle.rawHex(steps[2]?.hex as string)).toBe("");
    expect(bottle.rawHex(steps[3]?.hex as string)).toMatch(/^e0010001000014c401c200/);
    expect(bottle.executed).toHaveLength(2);
  });

  it("gbt-012: without the conformance bit", () => {
    const bottle = server("00", { client: { conformance: ["get", "set"] } });
    answered(bottle, sequence("gbt-012"));
    expect(bottle.executed).toEqual([]);
  });

  it("gbt-011: a protected response is sealed once and then cut; a forged block spoils no more than its request", () => {
    const { steps, plain, assembled } = sequence("gbt-011");
    const keys = {
      encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
      authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
    };
    // What the blocks make is what these keys open.
    const protection = new Protection({
      ...{ provider: noble, suite: 0, keys, systemTitle: fromHex("4d4d4d0000bc614e") },
      ...{
        counters: new CounterLedger({ start: 0 }),
        replay: new CounterGuard(),
        peerSystemTitle: fromHex("4d4d4d0000000001"),
      },
    });
    const parts = steps
      .filter(({ from, hex }) => from === "server" && hex.startsWith("e0"))
      .map(({ hex }) => block(hex));
    const joined = parts.map(({ blockData }) => toHex(blockData)).join("");
    expect(joined).toBe(assembled);
    expect(toHex(protection.open(fromHex(joined)).apdu)).toBe(plain);
    // The same between our ends: no more than one counter is used.
    const bottle = server((plain as string).slice(8), {
      ...{ ciphered: true, mechanism: 0 as const },
      client: { maxReceivePduSize: 43 },
      offer: { generalBlocks: { window: 3, prefer: "general" } },
    });
    const before = bottle.wire.length;
    const get: ServiceRequest = { service: "get", items: [energy] };
    expect(bottle.ask(get)).toMatchObject({ type: "response", results: [{ data: { type: "octet-string" } }] });
    const apdus = bottle.wire.slice(before).filter(({ pdu }) => pdu[0] === 0xe0);
    expect(apdus).toHaveLength(3);
    expect(block(apdus[0]?.pdu as Uint8Array).blockData[0]).toBe(0xcc);
    bottle.tamper = (to, pdu) => {
      if (to === "client" && pdu[0] === 0xe0) pdu[pdu.length - 1] = (pdu[pdu.length - 1] as number) ^ 1;
      return [pdu];
    };
    bottle.client.request(get, {}, 0);
    bottle.run();
    bottle.tamper = (_, pdu) => [pdu];
    for (let now = 1000; now < 10_000; now += 1000) {
      bottle.client.expire(now);
      bottle.run();
    }
    expect(bottle.fromClient.at(-1)).toMatchObject({ type: "failed", fault: { code: "bad-tag" } });
    bottle.now = 10_000;
    expect(bottle.ask(get)).toMatchObject({ type: "response" });
  });
});
