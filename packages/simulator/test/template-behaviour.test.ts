import type { Data } from "@dlmskit/apdu";
import type { Session } from "@dlmskit/client";
import { fromAscii } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { plainToken } from "../src/index.ts";
import { associate, bottled, day, hour, now0, readBy, stepTo } from "./bottle.ts";

const contentOf = (data: Data | undefined): unknown => (data as { value?: unknown } | undefined)?.value;
const control = { classId: 70, instanceId: "0.0.96.3.10.255" };
const noArgument: Data = { type: "integer", value: 0 };

async function meterOf(template: string, client: number) {
  const bottle = await bottled({ template, commissioned: now0 - 40 * day });
  const { simulator, clock } = bottle;
  const read = async (classId: number, instanceId: string, attributeId = 2) =>
    contentOf(await readBy(simulator, 0, { classId, instanceId, attributeId }));
  /** In an association that is released again: then time may be stepped. */
  const asClient = async (run: (session: Session) => Promise<unknown>): Promise<void> => {
    const session = await associate(simulator, clock, client);
    await run(session);
    await session.release();
  };
  return { ...bottle, asClient, read };
}

describe("objects of templates act", () => {
  it("is15959-d2: the supply that a client disconnects stops the registers, and the log has it", async () => {
    const { simulator, clock, asClient, read } = await meterOf("is15959-d2", 48);
    await asClient((session) => session.invoke({ ...control, methodId: 1 }, noArgument));
    expect(await read(70, control.instanceId)).toBe(false);
    const before = await read(3, "1.0.1.8.0.255");
    await stepTo({ simulator, clock }, now0 + 3 * hour);
    expect(await read(3, "1.0.1.8.0.255")).toBe(before);
    expect(await read(3, "1.0.1.7.0.255")).toBe(0);
    expect(await read(1, "0.0.96.11.6.255")).toBe(301);
    await asClient((session) => session.invoke({ ...control, methodId: 2 }, noArgument));
    await stepTo({ simulator, clock }, now0 + 6 * hour);
    expect(await read(3, "1.0.1.8.0.255")).toBeGreaterThan(before as number);
    expect(await read(1, "0.0.96.11.6.255")).toBe(302);
    const rows = (await read(7, "0.0.99.98.6.255")) as { value: Data[] }[];
    expect(rows.map((row) => contentOf(row.value[1]))).toEqual([301, 302]);
    await simulator.close();
  });

  it("is15959-d2: the limiter disconnects above its threshold, by the script", async () => {
    const { simulator, clock, asClient, read } = await meterOf("is15959-d2", 48);
    // kW as a float32: far below what a household takes.
    const threshold = { classId: 71, instanceId: "0.0.17.0.0.255", attributeId: 4 };
    await asClient((session) => session.set(threshold, { type: "float32", value: 0.01 }));
    expect(await read(70, control.instanceId)).toBe(true);
    await stepTo({ simulator, clock }, now0 + 20 * 60_000);
    expect(await read(70, control.instanceId)).toBe(false);
    await simulator.close();
  });

  it("is15959-d2: the clock that a client sets is an event of the transaction log", async () => {
    const { simulator, asClient, read } = await meterOf("is15959-d2", 48);
    expect(await read(1, "0.0.96.11.3.255")).toBe(0);
    const time = { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 };
    await asClient(async (session) => session.set(time, await session.get(time)));
    expect(await read(1, "0.0.96.11.3.255")).toBe(151);
    await simulator.close();
  });

  it("dsmr-5: the M-Bus client reads its gas meter", async () => {
    const { simulator, read } = await meterOf("dsmr-5", 1);
    const gas = (await read(4, "0.1.24.2.2.255")) as number;
    expect(gas).toBeGreaterThan(0);
    const rows = (await read(7, "0.1.24.3.0.255")) as { value: Data[] }[];
    expect(rows).toHaveLength(240);
    expect(contentOf(rows.at(-1)?.value[2])).toBe(gas);
    const profile = rows.map((row) => contentOf(row.value[2]) as number);
    expect(profile).toEqual([...profile].sort((one, other) => one - other));
    expect(await read(72, "0.1.24.1.0.255", 9)).toBe(3);
    await simulator.close();
  });

  it("prepayment: a token adds credit, and what is used takes it", async () => {
    const { simulator, clock, asClient, read } = await meterOf("prepayment", 1);
    const credit = () => read(112, "0.0.19.10.0.255") as Promise<number>;
    const before = await credit();
    const gateway = { classId: 115, instanceId: "0.0.19.40.0.255", methodId: 1 };
    const enter = (token: string) =>
      asClient((session) => session.invoke(gateway, { type: "octet-string", value: fromAscii(token) }));
    // A new account: the vendor activates it, and from then on what is used is charged.
    await asClient((session) =>
      session.invoke({ classId: 111, instanceId: "0.0.19.0.0.255", methodId: 1 }, noArgument),
    );
    await enter(plainToken(7, 1234));
    expect(await credit()).toBe(before + 1234);
    // The same token again, and one that is wrong, add nothing.
    await enter(plainToken(7, 1234));
    await enter("12345678000000010000");
    expect(await credit()).toBe(before + 1234);
    await stepTo({ simulator, clock }, now0 + 2 * day);
    expect(await credit()).toBeLessThan(before + 1234);
    await simulator.close();
  });

  it("idis-2: an image is taken, and a passive calendar is activated", async () => {
    const { simulator, asClient, read } = await meterOf("idis-2", 1);
    const size: Data = { type: "double-long-unsigned", value: 4 };
    const image: Data = { type: "structure", value: [{ type: "octet-string", value: fromAscii("F2") }, size] };
    const calendar = { classId: 20, instanceId: "0.0.13.0.0.255" };
    await asClient(async (session) => {
      await session.invoke({ classId: 18, instanceId: "0.0.44.0.0.255", methodId: 1 }, image);
      await session.set({ ...calendar, attributeId: 6 }, { type: "octet-string", value: fromAscii("new") });
      await session.invoke({ ...calendar, methodId: 1 }, noArgument);
    });
    expect(await read(18, "0.0.44.0.0.255", 6)).toBe(1);
    expect(await read(20, calendar.instanceId)).toEqual(fromAscii("new"));
    await simulator.close();
  });
});
