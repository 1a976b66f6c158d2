import { Fault } from "@dlmskit/core";
import { type HttpAnswer, type HttpRequest, httpServe } from "@dlmskit/transport/node";
import { z } from "zod";
import { EventHub, mostReaders } from "./event-hub.ts";
import { Guard } from "./guard.ts";
import { openApiDocument } from "./openapi.ts";
import { pageFiles } from "./page/files.ts";
import type { ControlPort } from "./port.ts";
import { type Route, routes } from "./routes.ts";

export interface ServeControlOptions {
  /** 0 uses any free port. */
  readonly port: number;
  /** `127.0.0.1` by default. Another machine can reach any other address, so that it needs a token. */
  readonly host?: string;
  /** At least 16 characters. With it, each request needs the header `authorization: Bearer TOKEN`. */
  readonly token?: string;
  /** The time in which a client must have sent its whole request, ms; 10,000 by default. */
  readonly requestTimeout?: number;
}

export interface ServedControl extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Ends the event streams, lets requests in progress end for two seconds, and closes. */
  close(): Promise<void>;
}

/** Octets of a body: a faults file may be long. */
const longestBody = 1_000_000;

const headers = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** The status of a Fault; 400 for those that are not here. */
const statusOf: { readonly [code: string]: number } = {
  "token-needed": 401,
  "wrong-host": 403,
  ...Object.fromEntries(
    ["no-path", "unknown-meter", "no-object", "unknown-feeder", "unknown-fault", "no-snapshot", "no-session"].map(
      (code) => [code, 404],
    ),
  ),
  "method-not-allowed": 405,
  ...{ "meter-held": 409, "lease-lost": 409, "too-many-snapshots": 409 },
  "request-too-large": 413,
  "internal-error": 500,
  ...{ "not-kept": 503, "store-unavailable": 503, "store-closed": 503, "query-failed": 503, "too-many-readers": 503 },
  "worker-unavailable": 503,
};

const fault = (...[code, message, hint]: [Parameters<typeof make>[0], string, string?]): Fault =>
  make(code, message, hint);

function make(
  code: "no-path" | "method-not-allowed" | "request-too-large" | "bad-request" | "internal-error" | "too-many-readers",
  message: string,
  hint?: string,
): Fault {
  return new Fault(code, message, { layer: "simulator", ...(hint === undefined ? {} : { hint }) });
}

const json = (status: number, body: unknown): HttpAnswer => ({
  status,
  headers: { ...headers, "content-type": "application/json; charset=utf-8" },
  body: JSON.stringify(body),
});

/** The first error of a schema as a Fault, with its path. */
function badRequest({ issues }: z.ZodError, place: readonly string[]): Fault {
  const [issue] = issues;
  const bad = fault("bad-request", issue?.message ?? "it is not valid", "GET /openapi.json describes the request");
  bad.path.push(...place, ...(issue?.path.map(String) ?? []));
  return bad;
}

function checked(schema: z.ZodType | undefined, value: unknown, place: string): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw badRequest(parsed.error, [place]);
}

/** The parameters of a path that fits; undefined: it does not fit. */
function parametersOf(route: Route, parts: readonly string[]): { readonly [name: string]: string } | undefined {
  const pattern = route.path.split("/").slice(1);
  if (pattern.length !== parts.length) return undefined;
  const found: { [name: string]: string } = {};
  for (const [at, step] of pattern.entries()) {
    const part = parts[at] as string;
    const [, name] = /^\{(\w+)\}$/.exec(step) ?? [];
    if (name === undefined ? step !== part : part === "") return undefined;
    if (name !== undefined) found[name] = part;
  }
  return found;
}

/** The parts of a path, decoded one by one. Fault `bad-request`. */
function partsOf(path: string): readonly string[] {
  try {
    return path.split("/").slice(1).map(decodeURIComponent);
  } catch {
    throw fault("bad-request", "the path is not a valid URL path");
  }
}

async function bodyOf(request: HttpRequest, route: Route): Promise<unknown> {
  if (route.body === undefined) return undefined;
  const octets = await request.body(longestBody);
  if (octets === undefined) {
    throw fault("request-too-large", `a body has at most ${longestBody} octets`);
  }
  if (octets.length === 0) return undefined;
  if (!/^application\/json\b/i.test(request.header("content-type") ?? "")) {
    throw fault("bad-request", "the body is not JSON", "send the header content-type: application/json");
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets));
  } catch {
    throw fault("bad-request", "the body is not JSON");
  }
}

async function run(control: ControlPort, request: HttpRequest, url: URL): Promise<HttpAnswer> {
  const parts = partsOf(url.pathname);
  const here = routes.flatMap((route) => {
    const path = parametersOf(route, parts);
    return path === undefined ? [] : [{ route, path }];
  });
  if (here.length === 0) throw fault("no-path", "there is no such path", "GET /openapi.json lists the paths");
  const method = request.method === "HEAD" ? "GET" : request.method;
  const found = here.find(({ route }) => route.method === method);
  if (found === undefined) {
    const known = here.map(({ route }) => route.method).join(", ");
    throw fault("method-not-allowed", "this path does not take this method", `it takes ${known}`);
  }
  const { route, path } = found;
  const query = checked(route.query ?? z.strictObject({}), Object.fromEntries(url.searchParams), "query");
  const body = checked(route.body, await bodyOf(request, route), "body");
  return json(200, await route.run(control, { path, query, body }));
}

function refused(error: unknown): HttpAnswer {
  const known =
    error instanceof Fault
      ? error
      : error instanceof z.ZodError
        ? badRequest(error, ["path"])
        : fault("internal-error", "the request failed: it is an error of the program");
  const answer = json(statusOf[known.code] ?? 400, { fault: known.toJSON() });
  return known.code === "token-needed"
    ? { ...answer, headers: { ...answer.headers, "www-authenticate": "Bearer" } }
    : answer;
}

/**
 * Serves the control of a simulator over HTTP, with a page at `/`: see `GET /openapi.json`. Faults `missing-parameter` (a token is needed),
 * `token-too-short`, and those of listeners (`address-in-use` …).
 */
export async function serveControl(control: ControlPort, options: ServeControlOptions): Promise<ServedControl> {
  const { port, host = "127.0.0.1", token, requestTimeout } = options;
  const guard = new Guard(host, token);
  const hub = new EventHub(control);
  const document = openApiDocument();

  const answer = async (request: HttpRequest): Promise<HttpAnswer> => {
    try {
      guard.checkOrigin(request);
      const url = new URL(request.url, "http://control.invalid");
      const reads = request.method === "GET" || request.method === "HEAD";
      // The page has no data of its own, and asks for the token.
      const file = pageFiles[url.pathname];
      if (file !== undefined && reads) {
        return { status: 200, headers: { ...headers, "content-type": file.type }, body: file.text() };
      }
      guard.checkToken(request);
      if (url.pathname === "/openapi.json" && reads) return json(200, document);
      if (url.pathname !== "/events" || !reads) return await run(control, request, url);
      if (hub.full) throw fault("too-many-readers", `there are ${mostReaders} readers of events already`);
      return {
        status: 200,
        headers: { ...headers, "content-type": "text/event-stream; charset=utf-8" },
        stream: (to) => hub.add(to),
      };
    } catch (error) {
      return refused(error);
    }
  };
  return httpServe({ host, port, answer, ...(requestTimeout === undefined ? {} : { requestTimeout }) });
}
