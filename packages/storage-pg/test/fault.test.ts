// What a driver's error becomes, told by what it is and never by its text.
import { createServer } from "node:net";
import { Fault } from "@dlmskit/core";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { asFault } from "../src/database.ts";
import { openPostgres } from "../src/index.ts";

const failed = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (caught: unknown) => caught,
  );
const codeOf = (caught: unknown): string => asFault(caught).code;

describe("a driver's error", () => {
  it("has the code of its SQLSTATE, whatever its text", () => {
    const sql = (code: string) => Object.assign(new Error("terminating connection due to timeout"), { code });
    expect(["08006", "28P01", "3D000", "53300", "57P01", "57P03"].map((code) => codeOf(sql(code)))).toEqual(
      Array(6).fill("store-unavailable"),
    );
    expect(["42P01", "57014", "22P02", "25006"].map((code) => codeOf(sql(code)))).toEqual(
      Array(4).fill("query-failed"),
    );
    expect(["23505", "23503", "23514", "22003"].map((code) => codeOf(sql(code)))).toEqual([
      "duplicate",
      "unknown-reference",
      "bad-value",
      "bad-value",
    ]);
  });

  it("without one says that there was no answer, unless the program is at fault", () => {
    const system = Object.assign(new Error("write EPIPE"), { code: "EPIPE", errno: -32, syscall: "write" });
    expect(codeOf(system)).toBe("store-unavailable");
    expect(codeOf(Object.assign(new Error("x"), { code: "EAI_AGAIN", errno: -3001 }))).toBe("store-unavailable");
    expect(codeOf(new Error("anything at all"))).toBe("store-unavailable");
    expect(codeOf(new TypeError("cannot connect"))).toBe("query-failed");
    const own = new Fault("store-closed", "closed", { layer: "storage" });
    expect(asFault(own)).toBe(own);
  });

  it("of a PostgreSQL that is not there, hangs up, and says nothing", async () => {
    const listening = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const { port } = listening.address() as { port: number };
    expect(await failed(openPostgres(`postgres://a:b@127.0.0.1:${port}/c`))).toMatchObject({
      code: "store-unavailable",
    });
    listening.close();
    await new Promise((resolve) => listening.once("close", resolve));
    expect(await failed(openPostgres(`postgres://a:b@127.0.0.1:${port}/c`))).toMatchObject({
      code: "store-unavailable",
    });
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const slow = (silent.address() as { port: number }).port;
    const url = `postgres://a:b@127.0.0.1:${slow}/c`;
    expect(await failed(openPostgres(url, { connectTimeoutMs: 100 }))).toMatchObject({ code: "store-unavailable" });
    silent.close();
    const pool = new pg.Pool({ connectionString: url });
    await pool.end();
    expect(codeOf(await failed(pool.query("SELECT 1")))).toBe("store-unavailable");
  });
});
