// Sessions are read and shown page by page: a store keeps millions of them.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type ConnectionFilter, openMemoryStore } from "@dlmskit/storage";
import { expect, it } from "vitest";
import { storePages } from "../src/sessions/pages.ts";
import { dlms } from "./run.ts";

const count = 2300;
const status = ["ACTIVE", "IDLE", "DISCONNECTED"] as const;

it("reads one page of a store when it is asked for, the latest first", async () => {
  const store = await openMemoryStore();
  for (let at = 0; at < count; at++) {
    await store.connections.open({
      ...{ ipAddress: "127.0.0.1", port: at, protocol: "TCP", sessionId: String(at), connectionTime: at },
    } as never);
  }
  const asked: (ConnectionFilter | undefined)[] = [];
  const { list } = store.connections;
  store.connections.list = (filter) => {
    asked.push(filter);
    return list.call(store.connections, filter);
  };
  const pages = storePages(store, { status });
  expect((await pages.next()).value.map(({ id }: { id: number }) => id).slice(0, 2)).toEqual([count, count - 1]);
  expect(asked).toEqual([{ status, latest: 1000 }]);
  const rest: number[][] = [];
  for await (const page of pages) rest.push(page.map(({ id }) => id));
  expect(rest.map(({ length }) => length)).toEqual([1000, 300]);
  expect(rest.flat()).toEqual(Array.from({ length: 1300 }, (_, at) => 1300 - at));
  expect(asked.slice(1)).toEqual([1301, 301].map((before) => ({ status, latest: 1000, before })));
});

it("reads one page of a control port after the other, and shows all of them", async () => {
  const asked: string[] = [];
  let total = count;
  const time = new Date(0).toISOString();
  const control = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://127.0.0.1");
    asked.push(searchParams.toString());
    const last = Number(searchParams.get("before") ?? total + 1) - 1;
    const first = Math.max(1, last - Number(searchParams.get("count")) + 1);
    const items = Array.from({ length: last - first + 1 }, (_, at) => ({
      ...{ id: first + at, status: "DISCONNECTED", serial: "1", clientId: 16, ipAddress: "::1", port: 1 },
      ...{ connectionTime: time, lastActivity: time },
    }));
    response.end(JSON.stringify({ meters: 1, items }));
  });
  await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
  try {
    const place = String((control.address() as AddressInfo).port);
    const { stdout, stderr } = await dlms(["sessions", "--control", place, "--all", "--json"]);
    expect(stderr).toBe("");
    const ids = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).id);
    expect(ids).toEqual(Array.from({ length: count }, (_, at) => count - at));
    expect(asked).toEqual(["", "&before=1301", "&before=301"].map((rest) => `all=true&count=1000${rest}`));
    total = 3;
    const table = await dlms(["sessions", "--control", place, "--all"]);
    expect(table.stdout.match(/DISCONNECTED/g)).toHaveLength(3);
  } finally {
    control.close();
  }
});
