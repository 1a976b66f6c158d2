import { describe, expect, it } from "vitest";
import { connectionsAtATime } from "../tables/connections.ts";
import { expectFault, meter, type OpenStore, withStore } from "./harness.ts";

const { meterId } = meter(1);
const connection = { meterId, clientId: 32, connectionTime: 1000, ipAddress: "::1", port: 50000, sessionId: "s-1" };

export function connectionsSuite(open: OpenStore): void {
  describe("connections", () => {
    it("follows a connection from its opening to its end", () =>
      withStore(open, async ({ connections, meters }) => {
        await meters.putIfAbsent([meter(1)]);
        const id = await connections.open(connection);
        const other = await connections.open({
          connectionTime: 1500,
          ipAddress: "10.0.0.1",
          port: 1,
          sessionId: "s-2",
        });
        expect(await connections.list({ meterId })).toMatchObject([
          { ...connection, id, lastActivity: 1000, status: "ACTIVE" },
        ]);
        await connections.touch([id, other], 2000);
        await connections.touch([other], 3000, "IDLE");
        await connections.touch([], 4000);
        expect((await connections.list()).map((row) => [row.id, row.lastActivity, row.status])).toEqual([
          [id, 2000, "ACTIVE"],
          [other, 3000, "IDLE"],
        ]);
        await connections.close([id], 5000);
        expect((await connections.list()).map((row) => row.id)).toEqual([other]);
        expect(await connections.list({ status: ["DISCONNECTED"] })).toMatchObject([{ id, lastActivity: 5000 }]);
        expect(await connections.forget(5000)).toBe(0);
        await expectFault(connections.open(connection), "duplicate");
        expect(await connections.forget(5001)).toBe(1);
        await connections.open(connection);
        await expectFault(connections.open({ ...connection, sessionId: "s-2" }), "duplicate");
      }));

    it("forgets connections that are over for long as new ones are opened, and no other", async () => {
      const day = 86_400_000;
      await withStore(
        open,
        async ({ connections }) => {
          const opened = async (day0: number, name: string): Promise<number> =>
            connections.open({ connectionTime: day0 * day, ipAddress: "::1", port: 1, sessionId: name });
          const [open1, over, recent] = [await opened(0, "open"), await opened(0, "over"), await opened(0, "recent")];
          await connections.close([over], 3 * day);
          await connections.close([recent], 9 * day);
          for (let number = 0; number < 2 * connectionsAtATime; number++) await opened(12, `later ${number}`);
          expect(await connections.list({ status: ["DISCONNECTED"] })).toMatchObject([{ id: recent }]);
          expect((await connections.list())[0]?.id).toBe(open1);
          // The session name of a removed row can be used again.
          await opened(12, "over");
        },
        { connectionsKeptMs: 7 * day },
      );
    });

    it("keeps connections that are over for 30 days", () =>
      withStore(open, async ({ connections }) => {
        const day = 86_400_000;
        const over = await connections.open({ connectionTime: 0, ipAddress: "::1", port: 1, sessionId: "over" });
        await connections.close([over], day);
        for (const [days, left] of [
          [30, 1],
          [32, 0],
        ] as const) {
          for (let number = 0; number < connectionsAtATime; number++) {
            const sessionId = `${days} ${number}`;
            await connections.open({ connectionTime: days * day, ipAddress: "::1", port: 1, sessionId });
          }
          expect(await connections.list({ status: ["DISCONNECTED"] })).toHaveLength(left);
        }
      }));

    it("lists page by page, from the newest to the oldest, and one connection alone", () =>
      withStore(open, async ({ connections, meters }) => {
        await meters.putIfAbsent([meter(1)]);
        const ids: number[] = [];
        for (let number = 0; number < 7; number++) {
          const { meterId: _, ...anyone } = connection;
          const of = number % 2 === 0 ? connection : anyone;
          ids.push(await connections.open({ ...of, sessionId: `page ${number}` }));
        }
        await connections.close(ids.slice(0, 5), 2000);
        const every = ["ACTIVE", "IDLE", "DISCONNECTED"] as const;
        const listed = async (filter: Parameters<typeof connections.list>[0]): Promise<readonly number[]> =>
          (await connections.list(filter)).map(({ id }) => ids.indexOf(id));
        expect(await listed({ status: every, latest: 3 })).toEqual([4, 5, 6]);
        expect(await listed({ status: every, latest: 3, before: ids[4] as number })).toEqual([1, 2, 3]);
        expect(await listed({ status: every, latest: 3, before: ids[1] as number })).toEqual([0]);
        expect(await listed({ status: every, latest: 2, meterId })).toEqual([4, 6]);
        expect(await listed({ latest: 1 })).toEqual([6]);
        expect(await listed({ status: every, latest: Number.POSITIVE_INFINITY, before: 2 ** 40 })).toHaveLength(7);
        expect(await listed({ status: every, id: 2 ** 40 })).toEqual([]);
        expect(await listed({ before: ids[6] as number })).toEqual([5]);
        expect(await listed({ id: ids[5] as number })).toEqual([5]);
        expect(await listed({ id: ids[0] as number })).toEqual([]);
        expect(await listed({ id: ids[0] as number, status: every })).toEqual([0]);
      }));

    it("names associations and meters that are there", () =>
      withStore(open, async ({ connections }) => {
        await expectFault(connections.open(connection), "unknown-reference");
        const { meterId: _, ...anyone } = connection;
        await expectFault(connections.open({ ...anyone, associationId: 5 }), "unknown-reference");
        await expectFault(connections.open({ ...anyone, port: 65536 }), "bad-value", ["active_connections", "port"]);
      }));

    it("leaves no connection of its own open behind, and those of others alone", () =>
      withStore(open, async (store, { another, reopen }) => {
        await store.meters.putIfAbsent([meter(1)]);
        const id = await store.connections.open(connection);
        if (another !== undefined) {
          const other = await another();
          const foreign = await other.connections.open({ ...connection, sessionId: "s-2" });
          const idle = await other.connections.open({ ...connection, sessionId: "s-3" });
          await other.connections.touch([idle], 2000, "IDLE");
          await store.connections.touch([id], 1000, "IDLE");
          expect((await other.connections.list()).map((row) => row.id)).toEqual([id, foreign, idle]);
          await other.close();
          expect((await store.connections.list()).map(({ id: row, status }) => [row, status])).toEqual([[id, "IDLE"]]);
          expect(
            (await store.connections.list({ status: ["DISCONNECTED"] })).map((row) => [row.id, row.lastActivity]),
          ).toEqual([
            [foreign, 1000],
            [idle, 2000],
          ]);
        }
        await store.close();
        const again = await reopen?.();
        expect((await again?.connections.list()) ?? []).toEqual([]);
        expect((await again?.connections.list({ status: ["DISCONNECTED"], meterId }))?.[0]?.id ?? id).toBe(id);
        await again?.close();
      }));

    it("outlives its meter", () =>
      withStore(open, async ({ connections, meters }) => {
        await meters.putIfAbsent([meter(1)]);
        const id = await connections.open(connection);
        await meters.remove(meterId);
        const [row] = await connections.list();
        expect(row?.id).toBe(id);
        expect(row?.meterId).toBeUndefined();
      }));
  });
}
