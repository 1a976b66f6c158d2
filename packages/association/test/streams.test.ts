import { type Data, encodeData, type StreamedData, type StreamPart } from "@dlmskit/apdu";
import { toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GetResult, ResultsOf } from "../src/index.ts";
import { Bottle, type BottleOptions, energy } from "./bottle.ts";

const long = (length: number, seed = 1): Data => ({
  type: "octet-string",
  value: Uint8Array.from({ length }, (_, at) => (at * 7 + seed) & 0xff),
});

/** A stream that tells what was asked of it. */
class Watched implements StreamedData {
  readonly type = "streamed";
  readonly parts: (StreamPart | Error)[];
  pulled = 0;
  closed = 0;
  ended = false;

  constructor(parts: readonly (StreamPart | Error)[]) {
    this.parts = [...parts];
  }

  next(): StreamPart {
    if (this.ended || this.closed > 0) throw new Error("asked after its end");
    const part = this.parts.shift();
    if (part instanceof Error) throw part;
    if (part instanceof Uint8Array) this.pulled += part.length;
    else this.ended = part !== "later";
    return part;
  }

  close(): void {
    if (this.ended) throw new Error("given up after its end");
    this.closed++;
  }
}

/** The octets of a value in parts of at most `size`. */
function inParts(value: Data, size: number): Uint8Array[] {
  const octets = encodeData(value);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < octets.length; at += size) parts.push(octets.subarray(at, at + size));
  return parts;
}

const get = { service: "get", items: [energy] } as const;
const getOne = "c001c100030100010800ff0200";
const getOther = "c001c200030100010800ff0200";
const next = (block: number, id = "c1") => `c002${id}${block.toString(16).padStart(8, "0")}`;

function opened(answer: BottleOptions["answer"], options: BottleOptions = {}): Bottle {
  return new Bottle({ client: { maxReceivePduSize: 64 }, ...options, ...(answer && { answer }) }).open();
}

describe("a streamed answer", () => {
  it("passes with the octets of one that is at hand, however it is cut and whatever the client takes", () => {
    const parts = fc.array(fc.oneof(fc.integer({ min: 0, max: 90 }), fc.constant("later" as const)), { maxLength: 30 });
    const size = fc.oneof(fc.integer({ min: 12, max: 300 }), fc.constantFrom(0, 1024));
    const items = fc.array(fc.record({ length: fc.integer({ min: 0, max: 400 }), parts, streamed: fc.boolean() }), {
      minLength: 1,
      maxLength: 4,
    });
    const service = fc.constantFrom("get", "action");
    fc.assert(
      fc.property(items, size, service, fc.boolean(), (given, client, kind, blocks) => {
        const values = given.map(({ length }, at) => long(length, at));
        const streams: Watched[] = [];
        const streamOf = (value: Data, cuts: readonly (number | "later")[]): Watched => {
          const octets = encodeData(value);
          const made: StreamPart[] = [];
          let at = 0;
          for (const cut of cuts) {
            made.push(cut === "later" ? cut : octets.subarray(at, at + cut));
            if (cut !== "later") at += cut;
          }
          made.push(octets.subarray(at));
          const stream = new Watched(made);
          streams.push(stream);
          return stream;
        };
        const run = (streamed: boolean) => {
          const results = given.map((item, at) => {
            const data = streamed && item.streamed ? streamOf(values[at] as Data, item.parts) : (values[at] as Data);
            return kind === "get" ? { data } : { result: "success" as const, data };
          }) as ResultsOf;
          const bottle = new Bottle({
            client: { maxReceivePduSize: client },
            ...(blocks ? {} : { offer: { conformance: ["get", "action", "multiple-references"] } }),
            answer: () => results,
          }).open();
          const request =
            kind === "get"
              ? ({ service: "get", items: given.map(() => energy) } as const)
              : ({
                  service: "action",
                  items: given.map(() => ({ method: { classId: 1, instanceId: "0.0.1.0.0.255", methodId: 1 } })),
                } as const);
          bottle.client.request(request, {}, 0);
          bottle.run();
          while (bottle.server.suspended) {
            bottle.server.resume(0);
            bottle.run();
          }
          return { wire: bottle.wire.map(({ pdu }) => toHex(pdu)), said: bottle.fromClient };
        };
        const [eager, streamed] = [run(false), run(true)];
        expect(streamed.wire).toEqual(eager.wire);
        expect(streamed.said).toEqual(eager.said);
        for (const stream of streams) expect(stream.ended || stream.closed === 1).toBe(true);
      }),
    );
  });

  it("is pulled no further than the next APDU needs", () => {
    const stream = new Watched(inParts(long(2000), 10));
    const bottle = opened(() => [{ data: stream }]);
    for (let block = 0, sent = 0; block < 20; block++) {
      const [reply] = bottle.raw(block === 0 ? getOne : next(block));
      sent += (reply as Uint8Array).length - 10;
      // One octet more is needed to know whether the block is the last, and comes in a part of 10; the first APDU might have been
      // a whole one, which has room for a few more.
      expect(stream.pulled - sent).toBeLessThanOrEqual(block === 0 ? 20 : 11);
    }
    expect(stream.closed).toBe(0);
    bottle.server.abort(0);
    expect(stream.closed).toBe(1);
  });

  it("ends where its last block does, without an empty one behind it", () => {
    for (let length = 30; length < 130; length++) {
      const wire = [long(length), new Watched(inParts(long(length), 1000)), new Watched(inParts(long(length), 1))].map(
        (data) => {
          const bottle = opened(() => [{ data }]);
          expect(bottle.ask(get)).toMatchObject({ type: "response", results: [{ data: long(length) }] });
          return bottle.wire.map(({ pdu }) => toHex(pdu));
        },
      );
      expect(wire[1]).toEqual(wire[0]);
      expect(wire[2]).toEqual(wire[0]);
    }
  });

  it("waits for a stream that says later, and other requests pass it by", () => {
    const parts = inParts(long(100), 40);
    const stream = new Watched(["later", parts[0], "later", parts[1], parts[2]]);
    const results: GetResult[] = [{ data: stream }, { data: { type: "unsigned", value: 7 } }];
    const bottle = opened(() => [results.shift() as GetResult]);
    expect(bottle.server.suspended).toBe(false);
    expect(bottle.raw(getOne)).toEqual([]);
    expect(bottle.server.suspended).toBe(true);
    expect(bottle.server.deadline).toBe(60_000);
    // The same again is being served; another is served.
    expect(bottle.raw(getOne)).toEqual([]);
    expect(bottle.fromServer.at(-1)).toMatchObject({ type: "refused", fault: { code: "duplicate-request" } });
    expect(bottle.rawHex(getOther)).toBe("c401c2001107");
    expect(bottle.server.suspended).toBe(true);
    bottle.server.resume(1);
    expect(bottle.replies()).toEqual([]);
    bottle.server.resume(2);
    expect(bottle.replies()[0]?.subarray(0, 9)).toEqual(Uint8Array.of(0xc4, 2, 0xc1, 0, 0, 0, 0, 1, 0));
    expect(bottle.server.suspended).toBe(false);
    expect(bottle.executed).toHaveLength(2);
  });

  it("counts among the requests that wait", () => {
    const bottle = opened(() => [{ data: new Watched(["later"]) }], { server: { outstanding: 2 } });
    expect(bottle.raw(getOne)).toEqual([]);
    expect(bottle.raw(getOther)).toEqual([]);
    expect(bottle.rawHex("c001c300030100010800ff0200")).toBe("d80103");
    expect(bottle.fromServer.at(-1)).toMatchObject({ fault: { code: "too-many-requests" } });
  });

  describe("that cannot be had", () => {
    it("is the item's own error while nothing of it was sent", () => {
      for (const part of [{ error: "object-unavailable" } as const, new Error("lost")]) {
        const code = part instanceof Error ? "hardware-fault" : "object-unavailable";
        const stream = new Watched([encodeData(long(20)).subarray(0, 9), part]);
        const bottle = opened(() => [{ data: stream }]);
        expect(bottle.ask(get)).toMatchObject({ type: "response", results: [{ error: code }] });
        const list = opened(({ request }) =>
          request.items.map((_, at) => ({
            data: at === 1 ? new Watched([encodeData(long(20)).subarray(0, 9), part]) : long(90, at),
          })),
        );
        expect(list.ask({ service: "get", items: [energy, energy, energy] })).toMatchObject({
          type: "response",
          results: [{ data: long(90, 0) }, { error: code }, { data: long(90, 2) }],
        });
        const told = part instanceof Error ? [{ fault: { code: "stream-failed", cause: part } }] : [];
        expect(bottle.fromServer.filter(({ type }) => type === "refused")).toMatchObject(told);
      }
    });

    it("is its own error or the end of all, wherever a block ends", () => {
      const outcomes = new Set<string>();
      for (let length = 30; length < 130; length++) {
        const parts: StreamPart[] = ["later", Uint8Array.of(9), { error: "object-unavailable" }];
        const results = [{ data: long(length) }, { data: new Watched(parts) }];
        const bottle = opened(() => results);
        bottle.client.request({ service: "get", items: [energy, energy] }, {}, 0);
        bottle.run();
        bottle.server.resume(0);
        const outcome = bottle.run().fromClient.at(-1);
        const [own, all] = [{ error: "object-unavailable" }, { error: "long-get-aborted" }];
        if (outcome?.type !== "response") throw new Error(`${length}: ${outcome?.type}`);
        const aborted = "error" in (outcome.results[0] as GetResult);
        expect(outcome.results).toEqual(aborted ? [all, all] : [{ data: long(length) }, own]);
        outcomes.add(aborted ? "aborted" : "own");
      }
      expect(outcomes).toEqual(new Set(["own", "aborted"]));
    });

    it("ends a transfer that has begun with long-get-aborted, once, and gives up what is left", () => {
      for (const part of [{ error: "object-unavailable" } as const, new Error("lost")]) {
        const other = new Watched(inParts(long(100), 10));
        const bottle = opened(() => [{ data: new Watched([...inParts(long(90), 90), part]) }, { data: other }]);
        const list = "c003c102000301000108" + "00ff0200000301000108" + "00ff0200";
        const first = bottle.rawHex(list);
        expect(first).toMatch(/^c402c10000000001/);
        expect(bottle.rawHex(next(1))).toBe("c402c10100000002010f");
        expect(other.closed).toBe(1);
        expect(bottle.rawHex(next(2))).toBe("c402c101000000020110");
        const client = opened(() => [{ data: new Watched([...inParts(long(90), 50), part]) }]);
        expect(client.ask(get)).toMatchObject({ type: "response", results: [{ error: "long-get-aborted" }] });
      }
    });

    it("ends an ACTION in blocks with long-action-aborted", () => {
      const method = { classId: 1, instanceId: "0.0.1.0.0.255", methodId: 1 };
      const bottle = opened(() => [
        { result: "success", data: new Watched([...inParts(long(120), 60), { error: "hardware-fault" }]) },
      ]);
      expect(bottle.ask({ service: "action", items: [{ method }] })).toMatchObject({
        results: [{ result: "long-action-aborted" }],
      });
      const early = opened(() => [{ result: "success", data: new Watched([{ error: "object-unavailable" }]) }]);
      expect(early.ask({ service: "action", items: [{ method }] })).toMatchObject({
        results: [{ result: "success", data: { error: "object-unavailable" } }],
      });
    });

    it("because it stands still, is told so at its deadline, and the rest is answered", () => {
      const silent = new Watched(["later"]);
      const slow = new Watched(["later", ...inParts(long(10), 20)]);
      const bottle = opened(() => [{ data: silent }, { data: slow }]);
      bottle.raw("c003c10200030100010800ff020000030100010800ff0200");
      bottle.server.expire(59_999);
      expect(bottle.replies()).toEqual([]);
      bottle.server.expire(60_000);
      expect(bottle.replies()).toEqual([]);
      expect(silent.closed).toBe(1);
      expect(bottle.fromServer.at(-1)).toMatchObject({ fault: { code: "stream-timeout" } });
      // What comes behind it has time of its own.
      expect(bottle.server.deadline).toBe(120_000);
      bottle.server.resume(60_001);
      expect(toHex(bottle.replies()[0] as Uint8Array)).toBe(`c403c1020102${"00"}${toHex(encodeData(long(10)))}`);
    });

    it("because it stands still half-way, ends the transfer", () => {
      const stream = new Watched([...inParts(long(120), 60), "later"]);
      const bottle = opened(() => [{ data: stream }]);
      expect(bottle.rawHex(getOne)).toMatch(/^c402c10000000001/);
      expect(bottle.rawHex(next(1))).toMatch(/^c402c10000000002/);
      expect(bottle.raw(next(2))).toEqual([]);
      expect(bottle.server.suspended).toBe(true);
      bottle.server.expire(60_000);
      expect(bottle.replies().map(toHex)).toEqual(["c402c10100000003010f"]);
      expect(stream.closed).toBe(1);
      expect(bottle.server.deadline).toBeUndefined();
    });
  });

  it("is given up when nobody gets it", () => {
    const given = (): { stream: Watched; bottle: Bottle } => {
      const stream = new Watched(inParts(long(500), 50));
      let answered = false;
      const bottle = opened(() => {
        const data = answered ? long(1) : stream;
        answered = true;
        return [{ data }];
      });
      expect(bottle.rawHex(getOne)).toMatch(/^c402/);
      return { stream, bottle };
    };
    const superseded = given();
    superseded.bottle.raw(getOther);
    expect(superseded.stream.closed).toBe(1);
    const forgotten = given();
    forgotten.bottle.server.expire(60_000);
    expect(forgotten.stream.closed).toBe(1);
    const released = given();
    released.bottle.raw("6203800100");
    expect(released.stream.closed).toBe(1);
    const reassociated = given();
    reassociated.bottle.client.abort();
    reassociated.bottle.open();
    expect(reassociated.stream.closed).toBe(1);

    // One that waited, and goes in blocks now, ends the blocks of another.
    const waiting = new Watched(["later", ...inParts(long(500), 50)]);
    const between = new Watched(inParts(long(500), 50));
    const streams = [waiting, between];
    const two = opened(() => [{ data: streams.shift() as Watched }]);
    expect(two.raw(getOne)).toEqual([]);
    expect(two.rawHex(getOther)).toMatch(/^c402c2/);
    two.server.resume(0);
    expect(two.replies().map(toHex)[0]).toMatch(/^c402c1/);
    expect([waiting.closed, between.closed]).toEqual([0, 1]);

    const late = new Watched(inParts(long(500), 50));
    const { bottle } = given();
    bottle.server.respond(99, [{ data: late }], 0);
    expect(late.closed).toBe(1);
    const small = new Watched(inParts(long(500), 50));
    const nowhere = opened(() => [{ data: small }], { offer: { conformance: ["get"] } });
    expect(nowhere.ask(get)).toMatchObject({ results: [{ error: "other-reason" }] });
    expect(small.closed).toBe(1);
  });

  it("holds against clients that ask for blocks out of order, twice, or after the end", () => {
    const stream = () => new Watched(inParts(long(200), 30));
    const streams: Watched[] = [];
    const bottle = opened(() => {
      const data = stream();
      streams.push(data);
      return [{ data }];
    });
    bottle.raw(getOne);
    expect(bottle.rawHex(next(2))).toBe("c402c101000000020113");
    expect(bottle.rawHex(next(1))).toBe("c402c101000000010110");
    bottle.raw(getOne);
    expect(bottle.rawHex(next(1))).toMatch(/^c402c10000000002/);
    expect(bottle.rawHex(next(1))).toBe("c402c101000000010113");
    bottle.raw(getOne);
    // Another invoke id is another transfer, and harms nobody's.
    expect(bottle.rawHex(next(1, "c2"))).toBe("c402c201000000010110");
    for (let block = 1; block < 3; block++) expect(bottle.rawHex(next(block))).toMatch(/^c402c100/);
    expect(bottle.rawHex(next(3))).toMatch(/^c402c101/);
    expect(bottle.rawHex(next(4))).toBe("c402c101000000040110");
    expect(streams.map(({ closed, ended }) => [closed, ended])).toEqual([
      [1, false],
      [1, false],
      [0, true],
    ]);
    for (const block of [0, 0xffffffff]) expect(bottle.rawHex(next(block))).toMatch(/0110$/);
  });

  it("any order of requests, blocks, pauses and aborts: no throw, and every stream ends or is given up once", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("get" as const), id: fc.integer({ min: 1, max: 3 }) }),
      fc.record({
        do: fc.constant("next" as const),
        id: fc.integer({ min: 1, max: 3 }),
        block: fc.integer({ min: 0, max: 6 }),
      }),
      fc.record({ do: fc.constantFrom("resume" as const, "expire" as const, "reopen" as const) }),
    );
    const part = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 80 }).map((length) => new Uint8Array(length)) },
      { weight: 2, arbitrary: fc.constant("later" as const) },
      { weight: 1, arbitrary: fc.constant({ error: "hardware-fault" as const }) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.array(fc.array(part, { maxLength: 8 }), { minLength: 1 }),
        (steps, all) => {
          const streams: Watched[] = [];
          const bottle = opened(() => {
            const data = new Watched(all[streams.length % all.length] as StreamPart[]);
            streams.push(data);
            return [{ data }];
          });
          let now = 0;
          for (const one of steps) {
            now += 1000;
            if (one.do === "get") bottle.raw(`c001c${one.id}00030100010800ff0200`);
            else if (one.do === "next") bottle.raw(next(one.block, `c${one.id}`));
            else if (one.do === "resume") bottle.server.resume(now);
            else if (one.do === "expire") bottle.server.expire(now);
            else {
              bottle.client.abort();
              bottle.open();
            }
          }
          bottle.server.abort(now);
          expect(bottle.server.deadline).toBeUndefined();
          expect(bottle.server.suspended).toBe(false);
          for (const { closed, ended } of streams) expect([closed, ended]).toEqual(ended ? [0, true] : [1, false]);
        },
      ),
    );
  });
});
