import { PushListener } from "@dlmskit/client";
import { concat, fromAscii, fromHex, type LinkOutput, toHex } from "@dlmskit/core";
import { UnnumberedLink } from "@dlmskit/hdlc";
import type { TapMessage } from "@dlmskit/server";
import { memoryPair, type VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { FaultyLink } from "../src/faults/faulty-link.ts";
import type { FaultName, Simulator } from "../src/index.ts";
import { parseFaults } from "../src/index.ts";
import { bottled } from "./bottle.ts";
import { meet, seenBy } from "./faulty.ts";

const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 } as const;
const counterAt = (octets: Uint8Array, at: number): number =>
  new DataView(octets.buffer, octets.byteOffset).getUint32(at);

/** The invocation counters of the GMAC in pass 4 of HLS, of the APDU with it, and of the next APDU. */
async function countersOf(fault: FaultName | undefined): Promise<readonly number[]> {
  const sent: TapMessage[] = [];
  const taps = [(message: TapMessage) => (message.way === "sent" ? void sent.push(message) : undefined)];
  const { clock, simulator, open } = await meet(fault ?? "silent", {}, { taps });
  if (fault === undefined) simulator.faults?.switch("silent", false);
  const session = await open({ client: 80 });
  await seenBy(clock, session.get(name));
  await simulator.close();
  const plain = sent.find(({ at, octets }) => at === "plain" && octets[0] === 0xc7)?.octets ?? new Uint8Array(0);
  // Tag, length and security control come before the counter of an APDU: result, data and their tags before that of the GMAC.
  const gmac = counterAt(plain, plain.length - 16);
  const apdus = sent.filter(({ at, octets }) => at === "sealed" && octets[0] !== 0x61);
  const [pass4 = 0, next = 0] = apdus.map(({ octets }) => counterAt(octets, 3));
  return [0, pass4 - gmac, next - gmac];
}

describe("a meter whose GMAC counts otherwise", () => {
  it.each([
    [undefined, [0, 1, 2]],
    ["gmac-counted-twice", [0, 2, 3]],
    ["gmac-not-counted", [0, 0, 1]],
  ] as const)("%s: the counters of the GMAC and of the two APDUs after it", async (fault, expected) => {
    expect(await countersOf(fault)).toEqual(expected);
  });
});

it("sends what is due at one time in one piece, if both may be joined", () => {
  const sent: Uint8Array[] = [];
  const outputs: LinkOutput[] = [];
  const inner = {
    deadline: undefined,
    receive: () => undefined,
    send: (octets: Uint8Array) => void outputs.push({ type: "transmit", octets }),
    expire: () => undefined,
    close: () => undefined,
    poll: () => outputs.shift(),
  };
  const delays = [100, 0, 0];
  const link = new FaultyLink(inner, (_, octets) => ({
    pieces: [{ octets, delay: delays.shift() as number, ...(octets[0] === 3 ? {} : { joined: true as const }) }],
  }));
  const poll = (): void => {
    for (let output = link.poll(); output !== undefined; output = link.poll())
      if (output.type === "transmit") sent.push(output.octets);
  };
  for (const octet of [1, 2, 3]) link.send(Uint8Array.of(octet), octet);
  poll();
  expect(sent).toEqual([]);
  link.expire(200);
  poll();
  expect(sent).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3)]);
});

/** What arrives at a destination of the meter's pushes, octet by octet. */
async function octetsOfPush(fault: FaultName, parameters: unknown, scheme: "tcp" | "hdlc") {
  const arrived: Uint8Array[] = [];
  let clock: VirtualClock | undefined;
  const transport = {
    link: () => (scheme === "tcp" ? new WrapperServerLink() : new UnnumberedLink()),
    async dial() {
      const [here, there] = memoryPair(clock === undefined ? {} : { clock });
      there.start({ received: (octets) => void arrived.push(octets), closed: () => undefined });
      return here;
    },
  };
  const bottle = await bottled({
    ...{ push: `${scheme}://192.0.2.7:4061`, pushTransports: { [scheme]: transport } },
    faults: parseFaults({ faults: [{ fault, with: parameters }] }),
  });
  clock = bottle.clock;
  await push(bottle.simulator);
  for (let passed = 0; arrived.length === 0 && passed < 100; passed++) await clock.advanceAsync(50);
  await bottle.simulator.close();
  return { octets: concat(...arrived), simulator: bottle.simulator };
}

const push = (simulator: Simulator): Promise<void> =>
  simulator.using(0, (meter) =>
    meter.change((device) => {
      const setup = device.find(40, "0.0.25.9.0.255");
      if (setup !== undefined) device.invoke(setup, 1, { type: "integer", value: 0 });
    }),
  );

describe("what a meter with a quirk pushes", () => {
  it("alarm-in-ascii: the serial number, a comma, and the alarm", async () => {
    const { octets, simulator } = await octetsOfPush("alarm-in-ascii", { alarm: "00000840" }, "tcp");
    expect(octets).toEqual(concat(fromAscii(`${simulator.fleet.serial(0)},`), fromHex("00000840")));
    expect(simulator.explain(0).faults[0]?.times).toBe(1);
  });

  it("two-octet-address: a UI frame with a client address of 1 octet and a meter address of 2, which a listener takes", async () => {
    const { octets } = await octetsOfPush("two-octet-address", { lower: 17 }, "hdlc");
    // Flag, format and length, client 64, logical device 1 and physical device 17, UI.
    expect(toHex(octets.subarray(3, 7))).toBe("81022303");
    const pushes: unknown[] = [];
    const [here, there] = memoryPair({});
    const hes = new PushListener({
      clock: (await bottled()).clock,
      link: () => new UnnumberedLink({ end: "client" }),
      received: (one) => void pushes.push(one.address),
      dropped: ({ message }) => void pushes.push(message),
    });
    hes.accept(there);
    here.start({ received: () => undefined, closed: () => undefined });
    here.send(octets);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(pushes).toEqual([expect.stringContaining("keys of the meter")]);
  });
});
