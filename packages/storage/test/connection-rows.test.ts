import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { times } from "../../../test/campaign.ts";
import { openMemoryStore } from "../src/index.ts";
import { ConnectionRows } from "../src/memory/connection-rows.ts";

const many = 5000;

/** How often maps are asked while `run` runs: what passes through all rows asks for each. */
async function lookUps(run: () => Promise<unknown>): Promise<number> {
  const get = vi.spyOn(Map.prototype, "get");
  await run();
  const { length } = get.mock.calls;
  get.mockRestore();
  return length;
}

it("never passes through rows that are over, unless they are asked for", async () => {
  const store = await openMemoryStore();
  const { connections, meters } = store;
  const meterOf = (number: number) => ({
    ...{ meterId: `m${number}`, serial: "s", logicalDeviceName: `TST${number}`, seed: "", template: "t" },
    ...{ systemTitle: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, number), commissionedAt: 0 },
  });
  await meters.putIfAbsent([meterOf(1), meterOf(2)]);
  const open = (number: number, meterId: string) =>
    connections.open({ meterId, connectionTime: number, ipAddress: "::1", port: 1, sessionId: `${number}` });
  for (let number = 1; number <= many; number++) await connections.close([await open(number, "m1")], number);
  const last = await open(many + 1, "m2");
  const few = 50;
  expect(await lookUps(() => connections.list())).toBeLessThan(few);
  expect(await lookUps(() => connections.list({ meterId: "m2", status: ["DISCONNECTED"] }))).toBeLessThan(few);
  expect(await lookUps(() => connections.forget(2))).toBeLessThan(few);
  expect(await lookUps(() => meters.remove("m2"))).toBeLessThan(few);
  expect((await connections.list()).map(({ id, meterId }) => [id, meterId])).toEqual([[last, undefined]]);
  expect(await connections.list({ status: ["DISCONNECTED"] })).toHaveLength(many - 1);
  // The measure itself: what asks for all rows passes through them.
  expect(await lookUps(() => connections.list({ status: ["DISCONNECTED"] }))).toBeGreaterThan(many - 2);
  await store.close();
});

it("keeps what a plain list keeps, however the clock goes", () => {
  const meterId = fc.option(fc.constantFrom("a", "b"), { nil: undefined });
  const status = fc.constantFrom("ACTIVE" as const, "IDLE" as const, "DISCONNECTED" as const);
  const step = fc.oneof(
    fc.record({ do: fc.constant("add" as const), meterId, associationId: fc.constantFrom(1, 2) }),
    fc.record({ do: fc.constant("change" as const), id: fc.integer({ min: 1, max: 4 }), status, at: fc.nat(20) }),
    fc.record({ do: fc.constant("forget" as const), before: fc.nat(20) }),
    fc.record({ do: fc.constant("withoutMeter" as const), meterId: fc.constantFrom("a", "b") }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const rows = new ConnectionRows();
      const owner = {};
      let model: {
        id: number;
        meterId?: string;
        associationId: number;
        status: string;
        lastActivity: number;
      }[] = [];
      let lastId = 0;
      for (const one of steps) {
        if (one.do === "add") {
          const id = ++lastId;
          const named = one.meterId === undefined ? {} : { meterId: one.meterId };
          const row = { ...named, associationId: one.associationId, status: "ACTIVE" as const, lastActivity: 0 };
          model.push({ id, ...row });
          const more = { connectionTime: 0, ipAddress: "::1", port: 1, sessionId: `${id}`, owner };
          expect(rows.add({ ...row, ...more }, 0)).toBe(id);
        } else if (one.do === "change") {
          const { id, status, at } = one;
          rows.change(id, { status, lastActivity: at });
          model = model.map((row) => (row.id === id ? { ...row, status, lastActivity: at } : row));
        } else if (one.do === "forget") {
          const kept = model.filter((row) => row.status !== "DISCONNECTED" || row.lastActivity >= one.before);
          expect(rows.forget(one.before)).toBe(model.length - kept.length);
          model = kept;
        } else {
          rows.withoutMeter(one.meterId);
          model = model.map(({ meterId: of, ...row }) =>
            of === undefined || of === one.meterId ? row : { ...row, meterId: of },
          );
        }
        for (const wanted of [["ACTIVE", "IDLE"], ["DISCONNECTED"], ["DISCONNECTED", "IDLE"]] as const) {
          for (const of of [undefined, "a"]) {
            const ids = model.filter(
              (row) => (wanted as readonly string[]).includes(row.status) && (of === undefined || row.meterId === of),
            );
            const filter = { status: wanted, ...(of === undefined ? {} : { meterId: of }) };
            const listed = (more: { before?: number; latest?: number; id?: number } = {}): number[] =>
              rows.list({ ...filter, ...more }).map(({ id }) => id);
            const expected = ids.map(({ id }) => id);
            const before = Math.ceil(lastId / 2) + 1;
            expect([listed(), listed({ before, latest: 2 }), listed({ id: lastId })]).toEqual([
              expected,
              expected.filter((id) => id < before).slice(-2),
              expected.filter((id) => id === lastId),
            ]);
          }
        }
        expect(rows.openOf(owner)).toHaveLength(model.filter((row) => row.status !== "DISCONNECTED").length);
        for (const id of [1, 2]) expect(rows.names(id)).toBe(model.some((row) => row.associationId === id));
        for (let id = 1; id <= lastId; id++) expect(rows.hasSession(`${id}`)).toBe(model.some((row) => row.id === id));
      }
    }),
    { numRuns: times(300) },
  );
});
