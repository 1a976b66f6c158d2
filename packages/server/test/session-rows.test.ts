import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { failing } from "@dlmskit/storage/testing";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { RowWriter } from "../src/session/row-writer.ts";

/** Lets promises of the store come to their end. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const connection = { connectionTime: 1000, ipAddress: "::1", port: 1 };

async function opened(plan: Parameters<typeof failing>[1] = []) {
  const state = new MemoryState();
  const reader = await openMemoryStore({}, state);
  const { store, calls, mend } = failing(await openMemoryStore({}, state), plan);
  const clock = new VirtualClock();
  const failures: unknown[] = [];
  const writer = new RowWriter({ store, clock, failed: (error) => void failures.push(error) });
  const ids: number[] = [];
  for (let n = 0; n < 5; n++) ids.push(await reader.connections.open({ ...connection, sessionId: `s${n}` }));
  const statusOf = async () =>
    (await reader.connections.list({ status: ["ACTIVE", "IDLE", "DISCONNECTED"] })).map(({ status }) => status);
  return { reader, calls, mend, clock, failures, writer, ids, statusOf };
}

describe("rows of sessions", () => {
  it("that end together are written in few statements", async () => {
    const { calls, writer, ids, statusOf } = await opened();
    for (const id of ids) writer.set(id, { status: "DISCONNECTED", at: 5000 + id });
    await settle();
    expect(await statusOf()).toEqual(ids.map(() => "DISCONNECTED"));
    expect(calls).toEqual(["connections.close", "connections.close"]);
  });

  it("that end while the store is away are DISCONNECTED when it is back, and nothing older is written over what is newer", async () => {
    const { mend, clock, failures, writer, ids, statusOf } = await opened([
      { call: 0, when: "before", times: Number.POSITIVE_INFINITY },
    ]);
    const [first, second] = ids as [number, number];
    writer.set(first, { status: "IDLE", at: 5000 });
    writer.set(second, { status: "DISCONNECTED", at: 5000 });
    await settle();
    writer.set(first, { status: "DISCONNECTED", at: 6000 });
    await settle();
    expect((await statusOf()).slice(0, 2)).toEqual(["ACTIVE", "ACTIVE"]);
    expect(failures.length).toBeGreaterThan(0);
    mend();
    clock.advance(1000);
    await settle();
    expect((await statusOf()).slice(0, 2)).toEqual(["DISCONNECTED", "DISCONNECTED"]);
  });

  it.each(["before", "after"] as const)(
    "of a session that opened while the store was away are written when it is back (%s)",
    async (when) => {
      const { reader, mend, clock, failures, writer } = await opened([
        { call: 0, when, times: Number.POSITIVE_INFINITY, of: "connections.open" },
      ]);
      const before = (await reader.connections.list()).length;
      const opening = ["one", "two"].map((sessionId) => writer.open({ ...connection, sessionId }));
      for (let second = 0; second < 3; second++) {
        await settle();
        clock.advance(1000);
        await settle();
      }
      expect(failures.length).toBeGreaterThanOrEqual(2);
      mend();
      clock.advance(1000);
      await settle();
      const ids = await Promise.all(opening);
      const rows = (await reader.connections.list()).slice(before);
      expect(rows.map(({ id, sessionId }) => [id, sessionId])).toEqual([
        [ids[0], "one"],
        [ids[1], "two"],
      ]);
    },
  );

  it("that the store refuses are told, and not tried again", async () => {
    const { calls, clock, writer } = await opened();
    await expect(writer.open({ ...connection, sessionId: "s0" })).rejects.toMatchObject({ code: "duplicate" });
    clock.advance(5000);
    await settle();
    expect(calls).toEqual(["connections.open"]);
  });
});
