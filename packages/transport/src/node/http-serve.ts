import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Listener } from "../duplex.ts";
import { socketFault } from "./socket-fault.ts";

export interface HttpRequest {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly url: string;
  /** A header by its name in lower case; several values are joined by commas. */
  header(name: string): string | undefined;
  /** The body; undefined if it is longer than `limit` octets, or the client did not send all of it. */
  body(limit: number): Promise<Uint8Array | undefined>;
}

/** An answer without an end. */
export interface HttpStream {
  /** Sends a text. A reader that does not take what it is sent is dropped: at most 256 KiB wait for it. */
  write(text: string): void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  /** In place of a body: begins to write, and returns the function that ends it. That one is called once, when the reader is gone. */
  readonly stream?: (to: HttpStream) => () => void;
}

export interface HttpServeOptions {
  /** `127.0.0.1` by default. */
  readonly host?: string;
  /** 0 uses any free port. */
  readonly port: number;
  /** Answers a request. It must not throw. */
  answer(request: HttpRequest): Promise<HttpAnswer>;
  /** The time in which a client must have sent its whole request, ms; 10,000 by default. */
  readonly requestTimeout?: number;
  /** 128 by default. */
  readonly maxConnections?: number;
  /** The time that requests in progress have when the listener closes, ms; 2,000 by default. */
  readonly grace?: number;
}

const mostWaiting = 0x40000;

function bodyOf(request: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    let length = 0;
    request.on("data", (part: Uint8Array) => {
      length += part.length;
      if (length <= limit) parts.push(part);
      else {
        parts.length = 0;
        resolve(undefined);
      }
    });
    request.on("end", () => resolve(Buffer.concat(parts)));
    request.on("error", () => resolve(undefined));
    request.on("close", () => resolve(undefined));
  });
}

function streamTo(response: ServerResponse, stream: NonNullable<HttpAnswer["stream"]>): void {
  let stop: (() => void) | undefined;
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    stop?.();
  };
  response.on("close", end);
  response.on("error", end);
  response.flushHeaders();
  stop = stream({
    write(text) {
      if (over) return;
      response.write(text);
      if (response.writableLength > mostWaiting) response.destroy();
    },
  });
  if (over) stop();
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: HttpServeOptions["answer"],
): Promise<void> {
  const { status, headers, body, stream } = await answer({
    method: request.method ?? "",
    url: request.url ?? "",
    header: (name) => {
      const value = request.headers[name];
      return typeof value === "object" ? value.join(", ") : value;
    },
    body: (limit) => bodyOf(request, limit),
  });
  // What is left of a request that was not read is not read.
  const rest = request.complete ? {} : { connection: "close" };
  response.writeHead(status, { ...headers, ...rest });
  if (stream !== undefined && request.method !== "HEAD") streamTo(response, stream);
  else response.end(request.method === "HEAD" ? undefined : body);
}

/** Answers HTTP requests by a function. A slow or silent client holds up nobody else. Faults as for `tcpListen`. */
export function httpServe({
  host = "127.0.0.1",
  port,
  answer,
  requestTimeout = 10_000,
  maxConnections = 128,
  grace = 2000,
}: HttpServeOptions): Promise<Listener> {
  const streams = new Set<ServerResponse>();
  const server = createServer(
    {
      ...{ requestTimeout, headersTimeout: requestTimeout, keepAliveTimeout: 5000, maxHeaderSize: 8192 },
      connectionsCheckingInterval: Math.min(1000, requestTimeout),
    },
    (request, response) => {
      response.on("close", () => streams.delete(response));
      streams.add(response);
      serve(request, response, answer).catch(() => response.destroy());
    },
  );
  server.maxConnections = maxConnections;
  let connections = 0;
  server.on("connection", (socket) => {
    connections++;
    socket.once("close", () => connections--);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(socketFault(error, `listen on ${host}:${port}`)));
    server.listen({ host, port }, () => {
      const address = server.address();
      const close = (): Promise<void> =>
        new Promise((done) => {
          const last = setTimeout(() => server.closeAllConnections(), grace);
          server.close(() => {
            clearTimeout(last);
            done();
          });
          for (const response of streams) {
            // A stream does not end by itself.
            if (response.headersSent) response.destroy();
          }
          server.closeIdleConnections();
        });
      resolve({
        ...{ host, close, [Symbol.asyncDispose]: close },
        port: typeof address === "object" && address !== null ? address.port : port,
        get connections() {
          return connections;
        },
      });
    });
  });
}
