import type { Listener } from "../duplex.ts";
import { type HttpAnswer, type HttpRequest, httpServe } from "./http-serve.ts";

export interface HttpTextOptions {
  /** `127.0.0.1` by default: other machines can connect only if another host is set. */
  readonly host?: string;
  /** 0 uses any free port. */
  readonly port: number;
  /** The content type of each path, and a function that makes its text on request. */
  readonly texts: { readonly [path: string]: { readonly type: string; text(): Promise<string> | string } };
}

/** Answers GET and HEAD with a text, for example the metrics for a monitoring system. Faults as for `tcpListen`. */
export function httpTextListen({ host, port, texts }: HttpTextOptions): Promise<Listener> {
  const answer = async ({ method, url }: HttpRequest): Promise<HttpAnswer> => {
    const [path = ""] = url.split("?");
    const found = Object.hasOwn(texts, path) ? texts[path] : undefined;
    if (method !== "GET" && method !== "HEAD") return plain(405, "GET and HEAD only\n");
    if (found === undefined) return plain(404, `there is ${Object.keys(texts).join(", ")}\n`);
    try {
      return { status: 200, headers: { "content-type": found.type }, body: await found.text() };
    } catch {
      return plain(500, "it could not be made\n");
    }
  };
  // A program that reads metrics needs few connections, and none of them is worth a wait at the end.
  return httpServe({ port, answer, maxConnections: 16, grace: 0, ...(host === undefined ? {} : { host }) });
}

const plain = (status: number, body: string): HttpAnswer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body,
});
