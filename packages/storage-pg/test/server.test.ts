import { Fault } from "@dlmskit/core";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrations, openPostgres } from "../src/index.ts";
import { type Server, startServer } from "./harness.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
}, 120_000);
afterAll(() => server?.stop());

async function withClient<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

const patient = { timeout: 15_000 };
// The sessions of processes of which no session is to be there any more.
const deadSessions = `
  SELECT a.pid FROM pg_stat_activity a JOIN connection_details d ON d.process = a.application_name
  JOIN active_connections c ON c.id = d.connection_id WHERE c.session_id = 'dying'`;

describe("a PostgreSQL server", () => {
  it("is made ready by several processes that start at once", async () => {
    const url = await server.bare();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgres(url, { connections: 2 })));
    const { rows } = await withClient(url, (client) =>
      client.query("SELECT count(*)::int AS count FROM schema_migrations"),
    );
    expect(rows[0].count).toBe((await migrations()).length);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("forgets the connections of a process that died, and only those", async () => {
    const url = await server.database();
    // Renewing its lease, it would come back.
    const [dying, living] = [await openPostgres(url, { leaseMs: 4_000_000 }), await openPostgres(url)];
    const connection = { connectionTime: 1000, ipAddress: "::1", port: 1 };
    await dying.connections.open({ ...connection, sessionId: "dying" });
    await living.connections.open({ ...connection, sessionId: "living" });
    // As a process that is killed: its sessions end, and it cleans up nothing.
    await withClient(url, (client) =>
      client.query(
        `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN connection_details d ON d.process = a.application_name
        JOIN active_connections c ON c.id = d.connection_id WHERE c.session_id = 'dying'`,
      ),
    );
    await expect
      .poll(() => withClient(url, (client) => client.query(deadSessions)).then(({ rows }) => rows.length), patient)
      .toBe(0);
    const next = await openPostgres(url);
    const open = await next.connections.list();
    expect(open.map(({ sessionId }) => sessionId)).toEqual(["living"]);
    expect(await next.connections.list({ status: ["DISCONNECTED"] })).toMatchObject([
      { sessionId: "dying", lastActivity: 1000 },
    ]);
    await Promise.all([dying, living, next].map((store) => store.close()));
  });

  it("may be lost and come back", async () => {
    const url = await server.database();
    const store = await openPostgres(url);
    await withClient(url, (client) =>
      client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'dlmskit %' AND datname = current_database()",
      ),
    );
    await expect.poll(() => store.meters.count().catch((fault: Fault) => fault.code), { timeout: 10_000 }).toBe(0);
    await store.close();
  });

  it("prepares a statement once a connection, and not without end", async () => {
    const store = await openPostgres(await server.database(), { connections: 1 });
    const count = async (): Promise<number> =>
      Number((await store.database.query("SELECT count(*)::int AS count FROM pg_prepared_statements")).rows[0]?.count);
    for (let at = 0; at < 3; at++) await store.database.query("SELECT $1::int AS one", [at]);
    const before = await count();
    for (let at = 0; at < 3; at++) await store.database.query("SELECT $1::int AS two", [at]);
    expect(await count()).toBe(before + 1);
    for (let at = 0; at < 250; at++) await store.database.query(`SELECT $1::int AS made_${at}`, [at]);
    expect(await count()).toBeLessThanOrEqual(200);
    expect((await store.database.query("SELECT $1::int AS made_249", [7])).rows).toEqual([{ made_249: 7 }]);
    await store.close();
  });

  it("undoes a transaction that failed, and its connection is used again", async () => {
    const url = await server.database();
    const store = await openPostgres(url, { connections: 1 });
    const failed = store.database.transaction(async (tx) => {
      await tx.query("INSERT INTO communication_ports (port_type, port_number) VALUES ('TCP', 1)");
      await tx.query("SELECT nonsense");
    });
    await expect(failed).rejects.toMatchObject({ code: "query-failed", layer: "storage" });
    expect(await store.communicationPorts.list()).toEqual([]);
    await store.close();
  });

  it("is told apart from one that is not there, without a word of the password", async () => {
    const url = await server.database();
    const wrong = url.replace("only-for-tests", "a-wrong-password");
    for (const each of [wrong, "postgres://dlmskit:a-wrong-password@127.0.0.1:1/none"]) {
      const caught = await openPostgres(each, { connectTimeoutMs: 3000 }).catch((fault: unknown) => fault);
      expect(caught).toBeInstanceOf(Fault);
      expect((caught as Fault).code, (caught as Fault).message).toBe("store-unavailable");
      expect(JSON.stringify(caught)).not.toContain("a-wrong-password");
    }
  });
});
