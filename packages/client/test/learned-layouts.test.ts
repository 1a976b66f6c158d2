import { type Data, encodeApdu } from "@dlmskit/apdu";
import { logicalName } from "@dlmskit/core";
import type { PushLayout } from "@dlmskit/cosem-objects";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { PushListener, type PushListenerOptions, type ReceivedPush } from "../src/index.ts";

const octets = (name: string): Data => ({
  type: "octet-string",
  value: Uint8Array.from(name.split(".").map(Number)),
});
const place = (classId: number, name: string, attributeId: number) => ({
  ...{ classId, instanceId: logicalName(name), attributeId, dataIndex: 0 },
});
const number = (value: number): Data => ({ type: "double-long-unsigned", value });
const listOf = (layout: PushLayout): Data => ({
  type: "array",
  value: layout.map(({ classId, instanceId, attributeId, dataIndex = 0 }) => ({
    type: "structure",
    value: [
      { type: "long-unsigned", value: classId },
      octets(instanceId),
      { type: "integer", value: attributeId },
      { type: "long-unsigned", value: dataIndex },
    ],
  })),
});
const own = "0.0.25.9.0.255";
const energy = [place(40, own, 2), place(3, "1.0.1.8.0.255", 2)];
const power = [place(40, "0.1.25.9.0.255", 2), place(3, "1.0.1.7.0.255", 2)];

/** What is heard of pushes; each may have a sender. */
async function hear(
  bodies: readonly { readonly values: readonly Data[]; readonly title?: number }[],
  options: Partial<PushListenerOptions> = {},
): Promise<readonly ReceivedPush[]> {
  const clock = new VirtualClock();
  const received: ReceivedPush[] = [];
  let title: number | undefined;
  const listener = new PushListener({
    ...{ clock, link: () => new WrapperServerLink({ end: "client" }) },
    systemTitleOf: () => (title === undefined ? undefined : new Uint8Array(8).fill(title)),
    received: (push) => void received.push(push),
    dropped: (fault) => {
      throw fault;
    },
    ...options,
  });
  const [meter, here] = memoryPair({ clock });
  listener.accept(here);
  meter.start({ received: () => undefined, closed: () => undefined });
  for (const [at, body] of bodies.entries()) {
    title = body.title;
    const apdu = encodeApdu({
      apdu: "data-notification",
      ...{ longInvokeId: at + 1, selfDescriptive: false, processingOption: "continue-on-error" },
      ...{ serviceClass: "unconfirmed", priority: "normal" },
      body: { type: "structure", value: body.values },
    });
    const wrapper = new Uint8Array([0, 1, 0, 1, 0, 16, apdu.length >> 8, apdu.length & 0xff]);
    meter.send(new Uint8Array([...wrapper, ...apdu]));
    await clock.advanceAsync(1);
  }
  return received;
}

const told = (pushes: readonly ReceivedPush[]) =>
  pushes.map(({ layoutFrom, values }) => [layoutFrom, ...values.map(({ instanceId }) => instanceId)]);

describe("a layout that a meter pushed itself", () => {
  it("explains its later pushes without the list, and those of no other meter", async () => {
    const pushes = await hear([
      { title: 1, values: [listOf(energy), number(7)] },
      { title: 1, values: [number(8)] },
      { title: 2, values: [number(9)] },
      { values: [number(10)] },
    ]);
    expect(told(pushes)).toEqual([
      ["push", "1.0.1.8.0.255"],
      ["learned", "1.0.1.8.0.255"],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it("is replaced by a later one of the same Push setup", async () => {
    const changed = [place(40, own, 2), place(3, "1.0.2.8.0.255", 2)];
    const pushes = await hear([
      { title: 1, values: [listOf(energy), number(7)] },
      { title: 1, values: [listOf(changed), number(7)] },
      { title: 1, values: [number(8)] },
    ]);
    expect(told(pushes).at(-1)).toEqual(["learned", "1.0.2.8.0.255"]);
  });

  it("is not guessed where two Push setups have the same form, unless the push names its own", async () => {
    const named = [place(40, own, 2), place(40, own, 1), place(3, "1.0.1.8.0.255", 2)];
    const other = "0.1.25.9.0.255";
    const otherNamed = [place(40, other, 2), place(40, other, 1), place(3, "1.0.1.7.0.255", 2)];
    const pushes = await hear([
      { title: 1, values: [listOf(energy), number(7)] },
      { title: 1, values: [listOf(power), number(7)] },
      { title: 1, values: [number(8)] },
      { title: 2, values: [listOf(named), octets(own), number(7)] },
      { title: 2, values: [listOf(otherNamed), octets(other), number(7)] },
      { title: 2, values: [octets(own), number(8)] },
    ]);
    expect(told(pushes)[2]).toEqual([undefined, undefined]);
    expect(told(pushes)[5]).toEqual(["learned", own, "1.0.1.8.0.255"]);
  });

  it("given layouts: the one that fits by number and types of the values", async () => {
    const withUnit = [place(3, "1.0.1.8.0.255", 2), place(3, "1.0.1.8.0.255", 3)];
    const demand = [place(5, "1.0.1.6.0.255", 3), place(5, "1.0.1.6.0.255", 4)];
    const scalerUnit: Data = {
      type: "structure",
      value: [
        { type: "integer", value: -1 },
        { type: "enum", value: 27 },
      ],
    };
    const both = [place(3, "1.0.2.8.0.255", 2), place(3, "1.0.3.8.0.255", 2)];
    const pushes = await hear(
      [{ values: [number(7), number(8)] }, { values: [number(75), scalerUnit] }, { values: [number(7)] }],
      { layouts: [both, withUnit, energy] },
    );
    expect(told(pushes)).toEqual([
      ["option", "1.0.2.8.0.255", "1.0.3.8.0.255"],
      ["option", "1.0.1.8.0.255", "1.0.1.8.0.255"],
      ["option", "1.0.1.8.0.255"],
    ]);
    expect(pushes[1]?.values[0]).toMatchObject({ scaled: 7.5, unit: "W" });
    const [average] = await hear([{ values: [number(75), scalerUnit] }], { layout: demand });
    expect(average?.values[0]).toMatchObject({ classId: 5, attributeId: 3, scaled: 7.5, unit: "W" });
  });

  it("a push in a compact-array brings its list, too", async () => {
    const list = listOf(energy) as Extract<Data, { type: "array" }>;
    const compact: Data = {
      type: "compact-array",
      contents: {
        type: "structure",
        elements: [{ type: "long-unsigned" }, { type: "octet-string" }, { type: "integer" }, { type: "long-unsigned" }],
      },
      value: list.value,
    };
    const pushes = await hear([{ title: 1, values: [compact, number(7)] }]);
    expect(told(pushes)).toEqual([["push", "1.0.1.8.0.255"]]);
  });
});
