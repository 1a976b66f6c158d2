import { type DataLike, decodeApdu, treeOf } from "@dlmskit/apdu";
import { toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { type TapMessage, type TapRule, tapOf } from "../src/index.ts";
import { TappedLine } from "../src/session/tapped-line.ts";
import { Bench, type ClientOptions, protectedClient } from "./a-client.ts";
import { aMeter } from "./a-meter.ts";

const energy = [3, "1.0.1.8.0.255", 2] as const;
const utility = (): ClientOptions => ({ client: 48, mechanism: 5, security: protectedClient() });
const glo = (way: "received" | "sent"): Omit<TapRule, "verdict"> => ({
  at: "sealed",
  way,
  tag: way === "sent" ? 0xcc : 0xc8,
});

describe("taps", () => {
  it("see the same message in plain, sealed and as octets of the link", async () => {
    const seen: TapMessage[] = [];
    const bench = new Bench(aMeter().meter, { taps: [(message) => void seen.push(message)] });
    const client = await bench.client(utility()).open();
    seen.length = 0;
    await client.get(energy);
    expect(seen.map(({ at, way }) => `${at} ${way}`)).toEqual([
      "link received",
      "sealed received",
      "plain received",
      "plain sent",
      "sealed sent",
      "link sent",
    ]);
    const [wire, sealed, plain, answer, sealedAnswer, sent] = seen.map(({ octets }) => octets) as [
      ...[Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array],
    ];
    expect(decodeApdu(plain).apdu).toBe("get-request-normal");
    expect(decodeApdu(answer).apdu).toBe("get-response-normal");
    expect([sealed[0], sealedAnswer[0]]).toEqual([0xc8, 0xcc]);
    expect(toHex(wire)).toContain(toHex(sealed));
    expect(toHex(sent)).toContain(toHex(sealedAnswer));
    expect(seen.map(({ meter, client: sap }) => [meter?.name, sap])).toEqual([
      [undefined, undefined],
      ...Array.from({ length: 4 }, () => ["TST0000000000001", 48]),
      [undefined, undefined],
    ]);
  });

  it("alter a tag: the client refuses the answer, and what was asked is not executed", async () => {
    const { meter, limit } = aMeter();
    const flip = { do: "flip", octet: -1, mask: 1 } as const;
    const bench = new Bench(meter, { taps: [tapOf([{ ...glo("received"), verdict: flip }])] });
    const client = await bench.client(utility()).open();
    expect(client.opened).toBe(true);
    await expect(client.get(energy)).rejects.toThrow();
    expect(limit.values.value).toBe(5);
    expect(bench.server.counts["refused:bad-tag"]).toBe(1);
  });

  it("drop the n-th answer only", async () => {
    const rule: TapRule = { at: "plain", way: "sent", tag: 0xc4, from: 2, count: 1, verdict: { do: "drop" } };
    const bench = new Bench(aMeter().meter, { taps: [tapOf([rule])] });
    const client = await bench.client({ client: 1 }).open();
    await client.get(energy);
    const before = client.received.length;
    client.initiator.request(
      { service: "get", items: [{ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }] },
      {},
      bench.clock.now(),
    );
    client.drain();
    await bench.settle();
    expect(client.received).toHaveLength(before);
  });

  it.each(["plain", "sealed"] as const)("delay an answer (%s), and what comes after waits behind it", async (at) => {
    const rule: TapRule = { at, way: "sent", tag: 0xc4, count: 1, verdict: { do: "delay", ms: 500 } };
    const bench = new Bench(aMeter().meter, { taps: [tapOf([rule])] });
    const client = await bench.client({ client: 1 }).open();
    const before = client.received.length;
    for (const attributeId of [2, 3]) {
      client.initiator.request(
        { service: "get", items: [{ classId: 3, instanceId: "1.0.1.8.0.255", attributeId }] },
        {},
        bench.clock.now(),
      );
      client.drain();
    }
    await bench.settle(50);
    expect(client.received).toHaveLength(before);
    bench.clock.advance(500);
    await bench.settle();
    expect(client.received.slice(before).map((pdu) => pdu[0])).toEqual([0xc4, 0xc4]);
    expect(client.received[before]?.[4]).toBe(6);
  });

  it("let each message go at its own time, and none before another that came first", () => {
    const line = new TappedLine();
    const passed: number[] = [];
    const delayed = (octet: number, ms: number, now: number) =>
      line.pass(Uint8Array.of(octet), { do: "delay", ms }, now, ([first]) => passed.push(first as number));
    const steps: [now: number, passed: number[], deadline: number | undefined][] = [];
    const expire = (now: number) => {
      line.expire(now);
      steps.push([now, [...passed], line.deadline]);
    };
    delayed(1, 100, 0);
    delayed(2, 300, 0);
    delayed(3, 50, 10);
    for (const now of [99, 100, 299, 300]) expire(now);
    expect(steps).toEqual([
      [99, [], 100],
      [100, [1], 300],
      [299, [1], 300],
      [300, [1, 2, 3], undefined],
    ]);
  });

  it("delay a request in plain: it is served later", async () => {
    const rule: TapRule = { at: "plain", way: "received", tag: 0xc1, verdict: { do: "delay", ms: 300 } };
    const { meter, limit } = aMeter();
    const bench = new Bench(meter, { taps: [tapOf([rule])] });
    const client = await bench.client({ client: 1 }).open();
    const setting = client.set(1, "0.0.96.1.11.255", 2, { type: "unsigned", value: 9 });
    await bench.settle(100);
    expect(limit.values.value).toBe(5);
    bench.clock.advance(300);
    expect(await setting).toBe("success");
    expect(limit.values.value).toBe(9);
  });

  it("replace a plain answer before it is sealed", async () => {
    const verdict = { do: "flip", octet: -1, mask: 0xff } as const;
    const rule: TapRule = { at: "plain", way: "sent", tag: 0xc4, meter: "TST0000000000001", client: 48, verdict };
    const bench = new Bench(aMeter().meter, { taps: [tapOf([rule])] });
    const client = await bench.client(utility()).open();
    const [altered] = await client.get(energy);
    expect(treeOf((altered as { data: DataLike }).data)).toEqual({ type: "double-long-unsigned", value: 1234 ^ 0xff });
  });

  it("refuse rules that can fit nothing", () => {
    const drop = { do: "drop" } as const;
    for (const rule of [
      { at: "link", meter: "M", verdict: drop },
      { at: "plain", from: 0, verdict: drop },
      { at: "plain", verdict: { do: "delay", ms: -1 } },
    ] as TapRule[]) {
      expect(() => tapOf([rule])).toThrow("tap rule 0");
    }
  });
});
