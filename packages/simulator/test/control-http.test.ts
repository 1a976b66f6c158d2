import { connect as connectTcp, type Socket } from "node:net";
import { systemClock } from "@dlmskit/transport/node";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answers } from "../src/control/answers.ts";
import { routes } from "../src/control/routes.ts";
import { openApiDocument, type ServedControl, serveControl } from "../src/control.ts";
import { associate, now0 } from "./bottle.ts";
import { controlled, faultCode, requests, routeOf } from "./controlled.ts";

type Bottle = Awaited<ReturnType<typeof controlled>>;

// biome-ignore lint/suspicious/noExplicitAny: each path has its own form
type Any = any;

let bottle: Bottle;
let served: ServedControl;
let serial: string;

beforeAll(async () => {
  bottle = await controlled({ meters: 2000, clock: systemClock, start: now0, speed: 0 });
  served = await serveControl(bottle.control, { port: 0 });
  serial = bottle.simulator.fleet.serial(0);
});
afterAll(() => served.close());

async function ask(method: string, path: string, body?: unknown, headers: { readonly [name: string]: string } = {}) {
  const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
  const answer = await fetch(`http://127.0.0.1:${served.port}${path}`, {
    ...{ method, ...sent },
    headers: { "content-type": "application/json", ...headers },
  });
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Any };
}

/** What a socket receives until it is closed. */
function raw(text: string, port = served.port): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = "";
    const socket: Socket = connectTcp(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (part) => {
      got += part;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(got));
  });
}

const path = (rest = "") => `/meters/${serial}${rest}`;
const message = "0.0.96.13.0.255";
const text = (value: string) => ({ type: "visible-string", value });

describe("the control port", () => {
  it("has an OpenAPI 3.1 document that a validator accepts, with every route", async () => {
    const { status, json } = await ask("GET", "/openapi.json");
    expect(status).toBe(200);
    expect(json).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
    expect(json.openapi).toBe("3.1.0");
    expect(await new Validator().validate(json)).toMatchObject({ valid: true });
    const operations = Object.values(json.paths).flatMap((of) => Object.values(of as object)) as Any[];
    expect(operations).toHaveLength(routes.length + 1);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(json.paths["/meters/{serial}/power"].post.requestBody.content["application/json"].schema).toMatchObject({
      ...{ type: "object", required: ["on"], properties: { on: { type: "boolean" } } },
    });
  });

  it("answers each route in the form that its document has", async () => {
    const session = await associate(bottle.simulator, bottle.clock, 16);
    await ask("GET", path("/apdus"));
    await session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 });
    const seen = new Set<unknown>();
    for (const [method, at, body] of requests(serial, { now: now0, transformer: "transformer-2" })) {
      const { status, json, headers } = await ask(method, at, body);
      expect([method, at, status, json?.fault]).toEqual([method, at, 200, undefined]);
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      const route = routeOf(method, at);
      expect(route?.answer.parse(json)).toEqual(json);
      seen.add(route);
    }
    const left = routes.filter((route) => !seen.has(route)).map((route) => `${route.method} ${route.path}`);
    expect(left).toEqual(["DELETE /sessions/{id}"]);
    await associate(bottle.simulator, bottle.clock, 16, { meter: 3 });
    const [row] = await bottle.control.sessions({ serial: bottle.simulator.fleet.serial(3) });
    expect((await ask("DELETE", `/sessions/${row?.id}`)).json).toEqual({ done: true });
    expect((await ask("DELETE", "/sessions/999")).json.fault.code).toBe("no-session");
    expect((await ask("POST", "/time/step", { to: new Date(now0 - 1).toISOString() })).json.fault.code).toBe(
      "bad-value",
    );
    expect((await ask("GET", path(`/objects/${message}/2`))).json.value).toEqual(text("hello"));
  });

  it("refuses what it does not take with a Fault, and changes nothing", async () => {
    const before = await bottle.control.read(serial, message, 2);
    const refused: readonly (readonly [string, string, unknown, number, string])[] = [
      ["GET", "/nothing", undefined, 404, "no-path"],
      ["GET", "/meters/1/2/3/4/5/6", undefined, 404, "no-path"],
      ["GET", "/meters/", undefined, 404, "no-path"],
      ["GET", "/meters/nobody", undefined, 404, "unknown-meter"],
      ["GET", "/meters/..%2f..%2fetc%2fpasswd", undefined, 404, "unknown-meter"],
      ["GET", "/..%2f..%2f..%2fetc%2fpasswd", undefined, 404, "no-path"],
      ["GET", "/page.js/../../../package.json", undefined, 404, "no-path"],
      ["GET", "/%00", undefined, 404, "no-path"],
      ["GET", "/meters/%", undefined, 400, "bad-request"],
      ["GET", "/__proto__", undefined, 404, "no-path"],
      ["GET", "/constructor", undefined, 404, "no-path"],
      ["DELETE", path(), undefined, 405, "method-not-allowed"],
      ["POST", "/", undefined, 404, "no-path"],
      ["GET", "/meters?count=1001", undefined, 400, "bad-request"],
      ["GET", "/meters?from=-1", undefined, 400, "bad-request"],
      ["GET", "/meters?from=1e99", undefined, 400, "bad-request"],
      ["GET", "/meters?what=1", undefined, 400, "bad-request"],
      ["GET", path("/objects/9.9.9.9.9.9/2"), undefined, 404, "no-object"],
      ["GET", path(`/objects/${message}/99`), undefined, 404, "no-object"],
      ["GET", path(`/objects/${message}/x`), undefined, 400, "bad-request"],
      ["GET", path("/objects/nonsense/2"), undefined, 400, "bad-logical-name"],
      ["PUT", path(`/objects/${message}/2`), { value: { type: "unsigned", value: 1 } }, 400, "type-unmatched"],
      ["PUT", path(`/objects/${message}/2`), { value: text("x".repeat(161)) }, 400, "other-reason"],
      ["PUT", path(`/objects/${message}/2`), { value: text("x"), more: 1 }, 400, "bad-request"],
      ["PUT", path(`/objects/${message}/2`), { value: "x" }, 400, "bad-request"],
      ["PUT", path(`/objects/${message}/2`), [], 400, "bad-request"],
      ["PUT", path(`/objects/${message}/2`), "{", 400, "bad-request"],
      ["PUT", path(`/objects/${message}/2`), undefined, 400, "bad-request"],
      ["POST", path("/power"), { on: "false" }, 400, "bad-request"],
      ["POST", path("/events"), { log: "0.0.99.98.4.255", code: 65_536 }, 400, "bad-request"],
      ["POST", "/feeders/feeder-9999999/power", { on: false }, 404, "unknown-feeder"],
      ["PUT", "/faults", { faults: [{ fault: "silent", meters: { serials: ["0"] } }] }, 400, "bad-faults-file"],
      ["PUT", "/faults", null, 400, "bad-faults-file"],
      ["PUT", "/faults/other", { on: true }, 404, "unknown-fault"],
      ["PUT", "/time", { speed: -1 }, 400, "bad-request"],
      ["PUT", "/time", { now: "yesterday" }, 400, "bad-request"],
      ["POST", "/snapshots/7/restore", undefined, 404, "no-snapshot"],
      ["POST", "/snapshots/x/restore", undefined, 400, "bad-request"],
      ["DELETE", "/snapshots/99999999999", undefined, 400, "bad-request"],
    ];
    for (const [method, at, body, status, code] of refused) {
      const got = await ask(method, at, body);
      expect([method, at, body, got.status, got.json.fault?.code]).toEqual([method, at, body, status, code]);
      expect(answers.fault.safeParse(got.json).success).toBe(true);
      expect(got.json.fault).not.toHaveProperty("stack");
    }
    expect(await bottle.control.read(serial, message, 2)).toEqual(before);
    expect((await ask("POST", path("/power"), { on: "false" })).json.fault.path).toBe("body.on");
  });

  it("takes no body that is too long, not JSON, or never ends", async () => {
    const long = JSON.stringify({ value: text("x".repeat(2_000_000)) });
    expect(await ask("PUT", path(`/objects/${message}/2`), long)).toMatchObject({
      ...{ status: 413, json: { fault: { code: "request-too-large" } } },
    });
    const form = await ask("POST", path("/power"), "on=false", { "content-type": "application/x-www-form-urlencoded" });
    expect([form.status, form.json.fault.code]).toEqual([400, "bad-request"]);
    const head = `PUT ${path("/power")} HTTP/1.1\r\nhost: 127.0.0.1\r\n`;
    await using hasty = await serveControl(bottle.control, { port: 0, requestTimeout: 500 });
    expect(await raw(head, hasty.port)).toMatch(/^HTTP\/1.1 408/);
    expect(
      await raw(`POST ${path("/power")} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{`, hasty.port),
    ).toMatch(/^HTTP\/1.1 4|^$/);
    expect(await raw(`GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${"x".repeat(10_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431/,
    );
    expect((await ask("GET", "/time")).status).toBe(200);
  });

  it("answers no foreign web page", async () => {
    const hosts = ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""];
    for (const host of hosts) {
      const got = await raw(`GET /time HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      expect([host, got]).toEqual([host, expect.stringContaining("wrong-host")]);
    }
    for (const host of ["localhost", `127.0.0.1:${served.port}`, "[::1]:80"]) {
      expect(await raw(`GET /time HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 200/);
    }
    for (const headers of [{ origin: "http://evil.example" }, { origin: "null" }, { "sec-fetch-site": "cross-site" }]) {
      const asking = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const got = await raw(
        `POST /snapshots HTTP/1.1\r\nhost: 127.0.0.1\r\n${asking.join("")}connection: close\r\ncontent-length: 0\r\n\r\n`,
      );
      expect([headers, got]).toEqual([headers, expect.stringContaining("wrong-host")]);
    }
    expect(await bottle.control.snapshots()).toEqual([]);
  });

  it("needs its token, and a token where others can reach it", async () => {
    const token = "0123456789abcdef";
    expect(await faultCode(() => serveControl(bottle.control, { port: 0, host: "0.0.0.0" }))).toBe("missing-parameter");
    expect(await faultCode(() => serveControl(bottle.control, { port: 0, token: "short" }))).toBe("token-too-short");
    await using open = await serveControl(bottle.control, { port: 0, host: "0.0.0.0", token });
    const status = async (at: string, authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await fetch(`http://127.0.0.1:${open.port}${at}`, { headers });
      await answer.text();
      return answer.status;
    };
    const wrong = [undefined, "", "Bearer", `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, token];
    for (const at of ["/time", "/openapi.json", "/events", "/nothing"]) {
      for (const given of wrong) expect([at, given, await status(at, given)]).toEqual([at, given, 401]);
    }
    expect(await status("/time", `Bearer ${token}`)).toBe(200);
    // The page asks for the token.
    for (const at of ["/", "/page.js", "/page.css"]) expect(await status(at)).toBe(200);
  });

  it("is told where a port is in use", async () => {
    expect(await faultCode(() => serveControl(bottle.control, { port: served.port }))).toBe("address-in-use");
  });
});

describe("server-sent events", () => {
  const asking = "GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";

  it("tell the state of the fleet and what happens", async () => {
    const aborted = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${served.port}/events`, { signal: aborted.signal });
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    let got = "";
    const until = async (wanted: RegExp): Promise<string> => {
      while (!wanted.test(got)) got += (await reader.read()).value ?? "";
      return wanted.exec(got)?.[1] as string;
    };
    const state = JSON.parse(await until(/event: state\ndata: (.*)\n\n/));
    expect(state).toMatchObject({ meters: 2000, skipped: 0, time: { speed: 0 } });
    await bottle.control.power(serial, false);
    expect(JSON.parse(await until(/event: meter\ndata: (.*power-lost.*)\n\n/))).toMatchObject({ serial });
    await bottle.control.power(serial, true);
    aborted.abort();
  });

  it("count what is too much to tell", async () => {
    await expect.poll(() => bottle.watch.listeners).toBe(0);
    const reading = new Promise<string>((resolve) => {
      let got = "";
      const socket = connectTcp(served.port, "127.0.0.1", () => socket.write(asking));
      socket.on("data", (part) => {
        got += part;
        if (/"skipped":[1-9]/.test(got)) socket.destroy();
      });
      socket.on("close", () => resolve(got));
    });
    await expect.poll(() => bottle.watch.listeners).toBe(1);
    const about = { type: "hook-failed", meter: "x", what: "y".repeat(20_000), error: new Error("z") } as const;
    for (let n = 0; n < 5000; n++) bottle.watch.event(about);
    const got = await reading;
    const told = got.match(/event: meter/g)?.length ?? 0;
    expect(told).toBeGreaterThan(100);
    expect(told).toBeLessThanOrEqual(200);
    expect(got).toContain(`"skipped":${5000 - told}`);
    expect(got.length).toBeLessThan(200 * 1000);
    await expect.poll(() => bottle.watch.listeners).toBe(0);
  });

  it("have as many readers as are served, and no more", async () => {
    const all = Array.from({ length: 32 }, () => new AbortController());
    const url = `http://127.0.0.1:${served.port}/events`;
    await Promise.all(all.map(({ signal }) => fetch(url, { signal })));
    const { status, json } = await ask("GET", "/events");
    expect([status, json.fault.code]).toEqual([503, "too-many-readers"]);
    for (const one of all) one.abort();
    await expect.poll(() => bottle.watch.listeners).toBe(0);
  });

  it("end when the port is closed", async () => {
    const other = await serveControl(bottle.control, { port: 0 });
    const answer = await fetch(`http://127.0.0.1:${other.port}/events`);
    const ended = answer.text().then(
      () => "ended",
      () => "ended",
    );
    await other.close();
    expect(await ended).toBe("ended");
    await expect(fetch(`http://127.0.0.1:${other.port}/time`)).rejects.toThrow();
  });
});
