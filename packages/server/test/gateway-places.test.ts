import { gatewayAddress, withGatewayPrefix } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { clock } from "@dlmskit/cosem-objects";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import { encodeWpdu, WrapperClientLink } from "@dlmskit/wrapper";
import { describe, expect, it, vi } from "vitest";
import { gateway, Meter, meterTemplate, none, type Upstream } from "../src/index.ts";
import { Bench } from "./a-client.ts";
import { slowObject } from "./slow-object.ts";

const associations = { public: { client: 16, security: none(), access: "read" as const } };
const template = meterTemplate({ objects: [clock()], associations });
const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400001e1dffff");
const getName = fromHex("c001c1000100002a0000ff0200");
const unreachable = "d80101";
const to = (at: string, pdu: Uint8Array): Uint8Array => withGatewayPrefix("request", gatewayAddress(at), pdu);
/** The octets after the prefix of the answers. */
const bare = (received: readonly Uint8Array[]): string[] => received.map((pdu) => toHex(pdu).slice(8));

/** A gateway before one meter, which does with an APDU what the test says. */
function before(heard: (say: (pdu: string) => void, count: number) => void, more: Partial<Upstream> = {}) {
  const state = { dialled: 0, count: 0 };
  let bench: Bench | undefined;
  const over = async (): Promise<Duplex> => {
    state.dialled++;
    const [near, far] = memoryPair({ clock: (bench as Bench).clock });
    const say = (pdu: string): void => far.send(encodeWpdu({ source: 1, destination: 16, pdu: fromHex(pdu) }));
    far.start({ received: () => heard(say, ++state.count), closed: () => undefined });
    return near;
  };
  const link = ({ client, server }: { client: number; server: number }) => new WrapperClientLink({ client, server });
  bench = new Bench(gateway({ behind: { "1/1": { over, link, timeout: 3000, ...more } } }));
  const client = bench.client();
  const unreached = () => bench.events.filter(({ type }) => type === "unreachable").length;
  return { bench, client, state, unreached };
}

describe("a line of a gateway", () => {
  it("is not opened for an address that its link cannot have", async () => {
    const { bench, client, state, unreached } = before(() => undefined, {
      link: () => {
        throw new Error("no such address");
      },
    });
    client.pump.send(to("1/1", getName));
    await bench.settle();
    expect([bare(client.received), unreached(), state.dialled]).toEqual([[unreachable], 1, 0]);
  });

  it("waits for the answer though the meter sends a notification before it", async () => {
    const { bench, client, unreached } = before((say) => say("0f00000001000204"));
    client.pump.send(to("1/1", getName));
    await bench.settle();
    expect(bare(client.received)).toEqual(["0f00000001000204"]);
    bench.clock.advance(3000);
    await bench.settle();
    expect([bare(client.received).slice(1), unreached()]).toEqual([[unreachable], 1]);
  });

  it("waits for one answer to the blocks of a window", async () => {
    const { bench, client, state, unreached } = before((say, count) => {
      if (count === 3) say("e0800001000300");
    });
    for (const block of ["e0430001000001c0", "e044000200000101", "e0830003000001c1"]) {
      client.pump.send(to("1/1", fromHex(block)));
      await bench.settle(5);
    }
    bench.clock.advance(10_000);
    await bench.settle();
    expect([state.count, bare(client.received), unreached()]).toEqual([3, ["e0800001000300"], 0]);
  });
});

it("a meter behind a gateway that is silent for too long, but owes an answer, takes no time until it answers", async () => {
  const { object: slow, answer } = slowObject();
  const made = new Meter(meterTemplate({ objects: [slow], associations }), { name: "SLOW1" });
  const other = new Meter(template, { name: "FAST2" });
  const bench = new Bench(gateway({ behind: { "1/1": made, "1/2": other } }), { limits: { inactivity: 1000 } });
  const client = bench.client();
  client.pump.send(to("1/1", aarq));
  await bench.settle();
  client.pump.send(to("1/1", fromHex("c001c100010000600100ff0200")));
  await bench.settle();
  const timers = vi.spyOn(bench.clock, "at");
  const { at } = Object.getPrototypeOf(bench.clock) as typeof bench.clock;
  timers.mockImplementation((...set) => {
    if (timers.mock.calls.length > 500) throw new Error("the timer is set again and again");
    return at.apply(bench.clock, set);
  });
  // The other meter keeps the connection.
  for (let second = 0; second < 5; second++) {
    client.pump.send(to("1/2", getName));
    bench.clock.advance(900);
    await bench.settle(5);
  }
  answer("late");
  await bench.settle();
  expect(bare(client.received)).toContain(`c401c1000a04${toHex(new TextEncoder().encode("late"))}`);
});

it("meters behind a gateway take no places of its own meter, and it takes none of theirs", async () => {
  const [own, one, two, three] = ["OWN0", "ONE1", "TWO2", "THREE3"].map((name) => new Meter(template, { name }));
  const route = gateway({
    own: own as Meter,
    behind: { "1/1": one as Meter, "1/2": two as Meter, "1/3": three as Meter },
  });
  const bench = new Bench(route, { limits: { sessionsPerConnection: 1, sessionsPerGateway: 2 } });
  const client = bench.client();
  const ask = async (pdu: Uint8Array): Promise<string> => toHex((await client.raw(pdu)) ?? new Uint8Array());
  for (const at of ["1/1", "1/2"]) expect(await ask(to(at, aarq))).toMatch(/^e70101..61/);
  // Its session without an association makes no room for a meter behind it.
  expect(await ask(getName)).toBe("d80101");
  expect(await ask(to("1/3", aarq))).toBe(`e7010133${unreachable}`);
  expect(await ask(to("1/1", getName))).toMatch(/c401c100/);
  expect(await ask(aarq)).toMatch(/^61/);
  expect(await ask(getName)).toMatch(/^c401c100/);
});
