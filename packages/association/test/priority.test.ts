import { fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { Bottle, type BottleOptions, energy, everything, general } from "./bottle.ts";

const long = { classId: 7, instanceId: "1.0.99.1.0.255", attributeId: 2 };
const value = (length: number) => ({ type: "octet-string", value: new Uint8Array(length).fill(7) }) as const;
const get = { service: "get", items: [long] } as const;
const urgent = { service: "get", items: [energy] } as const;
const set = { service: "set", items: [{ attribute: energy, value: value(200) }] } as const;
const shortSet = { service: "set", items: [{ attribute: energy, value: { type: "unsigned", value: 1 } }] } as const;

function open(options: BottleOptions = {}): Bottle {
  return new Bottle({
    client: { maxReceivePduSize: 100, ...options.client },
    answer: ({ request }) =>
      request.service === "get"
        ? request.items.map(({ classId }) => ({
            data: classId === 7 ? value(500) : ({ type: "unsigned", value: 9 } as const),
          }))
        : (request.items.map(() => "success" as const) as never),
    ...options,
  }).open();
}

/** Starts `first`, and makes `second` when the first answer to it came. Gives the requests on the wire and the order of the ends. */
function overtaken(
  bottle: Bottle,
  first: Parameters<Bottle["ask"]>[0],
  second: Parameters<Bottle["ask"]>[0],
  priority: "high" | "normal" = "high",
) {
  const from = bottle.wire.length;
  const ids: number[] = [bottle.client.request(first, {}, 0)];
  let asked = false;
  bottle.tamper = (to, pdu) => {
    if (to === "client" && !asked) {
      asked = true;
      ids.push(bottle.client.request(second, { priority }, 0));
    }
    return [pdu];
  };
  bottle.run();
  const sent = bottle.wire.slice(from).filter(({ to }) => to === "server");
  const ends = bottle.fromClient.filter(({ type }) => type === "response" || type === "failed");
  const names = ends.map((end) => ("id" in end ? ids.indexOf(end.id as number) : -1));
  return { sent: sent.map(({ pdu }) => toHex(pdu.subarray(0, 3))), ends, order: names };
}

describe("a request of high priority (D17)", () => {
  it("goes between two blocks of a GET, with another invoke id, and the GET goes on", () => {
    const bottle = open();
    const { sent, order, ends } = overtaken(bottle, get, urgent);
    expect(sent.slice(0, 3)).toEqual(["c00141", "c001c2", "c00241"]);
    expect(order).toEqual([1, 0]);
    expect(sent.filter((head) => head.startsWith("c001"))).toHaveLength(2);
    expect(ends).toMatchObject([
      { type: "response", results: [{ data: { value: 9 } }] },
      { type: "response", results: [{ data: value(500) }] },
    ]);
    // One APDU at a time: each request has its response before the next one.
    expect(bottle.wire.map(({ to }) => to).join(" ")).not.toMatch(/(server server|client client)/);
    expect(bottle.fromServer.filter(({ type }) => type === "refused")).toEqual([]);
  });

  it("waits for the end where it is not of high priority, or priorities were not negotiated", () => {
    expect(overtaken(open(), get, urgent, "normal").order).toEqual([0, 1]);
    const conformance = everything.filter((name) => name !== "priority-mgmt-supported");
    expect(overtaken(open({ offer: { conformance } }), get, urgent).order).toEqual([0, 1]);
  });

  it("has a long answer of its own: two transfers at once, each with its blocks", () => {
    const { order, ends, sent } = overtaken(open(), get, get);
    expect(order).toEqual([1, 0]);
    expect(sent.filter((head) => head.startsWith("c001"))).toEqual(["c00141", "c001c2"]);
    expect(ends).toMatchObject([{ results: [{ data: value(500) }] }, { results: [{ data: value(500) }] }]);
  });

  it("goes between the blocks of a SET if it is of another service, and after it if it is a SET", () => {
    const small = { offer: { maxReceivePduSize: 80 } };
    const read = overtaken(open(small), set, urgent);
    expect(read.order).toEqual([1, 0]);
    expect(read.sent.slice(0, 3)).toEqual(["c10241", "c001c2", "c10341"]);
    expect(overtaken(open(small), set, shortSet).order).toEqual([0, 1]);
  });

  it("waits for the end of a response in general block transfer, which has no invoke id", () => {
    const bits = { conformance: [...general] };
    const bottle = open({
      offer: { ...bits, generalBlocks: { prefer: "general" } },
      client: { maxReceivePduSize: 100, ...bits },
    });
    expect(overtaken(bottle, get, urgent).order).toEqual([0, 1]);
  });

  it("a server that ends the GET for it: the GET is made again, and is not overtaken again", () => {
    let ended = false;
    const forgetful = open();
    const received = forgetful.server.receive.bind(forgetful.server);
    forgetful.server.receive = (pdu, now) => {
      if (!ended && pdu[1] === 2 && pdu[0] === 0xc0) {
        ended = true;
        received(fromHex("c0014f00030100010800ff0200"), now);
        forgetful.replies();
      }
      received(pdu, now);
    };
    const again = overtaken(forgetful, get, urgent);
    expect(again.order).toEqual([1, 0]);
    expect(again.ends.at(-1)).toMatchObject({ type: "response", results: [{ data: value(500) }] });
    expect(again.sent.filter((head) => head.startsWith("c001"))).toEqual(["c00141", "c001c2", "c00143"]);
  });

  it("its failure leaves the transfer as it was; the end of the association ends both", () => {
    const bottle = open({
      answer: ({ request }) =>
        request.items.some((one) => "classId" in one && one.classId === 7) ? [{ data: value(500) }] : undefined,
    });
    const { order } = overtaken(bottle, get, urgent);
    expect(order).toEqual([]);
    bottle.client.expire(1000);
    bottle.run();
    expect(bottle.fromClient.slice(-2)).toMatchObject([
      { type: "failed", fault: { code: "timeout" } },
      { type: "response", results: [{ data: value(500) }] },
    ]);
    const other = open({
      answer: ({ request }) =>
        request.items.some((one) => "classId" in one && one.classId === 7) ? [{ data: value(500) }] : undefined,
    });
    overtaken(other, get, urgent);
    other.client.abort();
    expect(other.run().fromClient.filter(({ type }) => type === "failed")).toHaveLength(2);
  });

  it("a transfer that was overtaken does not go on after its own time limit", () => {
    const bottle = open({
      offer: { maxReceivePduSize: 80 },
      answer: ({ request }) => (request.service === "get" ? undefined : (request.items.map(() => "success") as never)),
    });
    bottle.client.request(set, { within: 500 }, 0);
    let asked = false;
    bottle.tamper = (to, pdu) => {
      if (to === "client" && !asked) {
        asked = true;
        bottle.client.request(urgent, { priority: "high" }, 0);
      }
      return [pdu];
    };
    bottle.run();
    const sent = bottle.wire.length;
    bottle.client.expire(1000);
    bottle.run();
    const failed = bottle.fromClient.filter(({ type }) => type === "failed");
    expect(failed).toMatchObject([{ fault: { code: "timeout" } }, { fault: { code: "timeout" } }]);
    expect(bottle.wire.length).toBe(sent);
  });

  it("never takes the invoke id of the transfer that it has overtaken", () => {
    const bottle = open();
    let left = 20;
    bottle.client.request(get, {}, 0);
    const ids: number[] = [];
    bottle.tamper = (to, pdu) => {
      if (to === "server") ids.push((pdu[2] as number) & 0x0f);
      else if (left-- > 0) bottle.client.request(urgent, { priority: "high" }, 0);
      return [pdu];
    };
    bottle.run();
    expect(ids.slice(1, 21)).not.toContain(1);
    expect(bottle.fromClient.filter(({ type }) => type === "response")).toHaveLength(21);
  });
});
