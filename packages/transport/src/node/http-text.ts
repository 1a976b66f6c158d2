import { createServer } from "node:http";
import type { Listener } from "../duplex.ts";
import { socketFault } from "./socket-fault.ts";

export interface HttpTextOptions {
  /** `127.0.0.1` by default: other machines can connect only if another host is set. */
  readonly host?: string;
  /** 0 uses any free port. */
  readonly port: number;
  /** The content type of each path, and a function that makes its text on request. */
  readonly texts: { readonly [path: string]: { readonly type: string; text(): Promise<string> | string } };
}

/** Answers GET and HEAD with a text, for example the metrics for a monitoring system. Faults as for `tcpListen`. */
export function httpTextListen({ host = "127.0.0.1", port, texts }: HttpTextOptions): Promise<Listener> {
  const server = createServer({ requestTimeout: 10_000, maxHeaderSize: 8192 }, (request, response) => {
    const [path = ""] = (request.url ?? "").split("?");
    const found = Object.hasOwn(texts, path) ? texts[path] : undefined;
    const answer = (status: number, type: string, text: string): void => {
      response.writeHead(status, { "content-type": type });
      response.end(request.method === "HEAD" ? "" : text);
    };
    const plain = "text/plain; charset=utf-8";
    if (request.method !== "GET" && request.method !== "HEAD") answer(405, plain, "GET and HEAD only\n");
    else if (found === undefined) answer(404, plain, `there is ${Object.keys(texts).join(", ")}\n`);
    else {
      Promise.resolve()
        .then(() => found.text())
        .then(
          (text) => answer(200, found.type, text),
          () => answer(500, plain, "it could not be made\n"),
        );
    }
  });
  // A program that reads metrics needs few connections.
  server.maxConnections = 16;
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
          server.close(() => done());
          server.closeAllConnections();
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
