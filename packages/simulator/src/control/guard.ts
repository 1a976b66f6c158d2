import { Fault } from "@dlmskit/core";
import { noble } from "@dlmskit/security";
import type { HttpRequest } from "@dlmskit/transport/node";

const shortestToken = 16;

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i.test(host);

/** The host of a Host header or of an origin, without its port. */
const hostIn = (authority: string): string => authority.replace(/:\d+$/, "");

/** Refuses requests of those who may not control the meters. */
export class Guard {
  readonly #token: Uint8Array | undefined;
  readonly #loopback: boolean;

  /** Faults `missing-parameter` (no token on an address that others can reach), `token-too-short`. */
  constructor(host: string, token: string | undefined) {
    this.#loopback = isLoopback(host);
    if (token === undefined && !this.#loopback) {
      throw new Fault("missing-parameter", `other machines can reach ${host}: the control port needs a token there`, {
        layer: "simulator",
        hint: "give a token, or listen on 127.0.0.1",
      });
    }
    if (token !== undefined && token.length < shortestToken) {
      throw new Fault("token-too-short", `a token has at least ${shortestToken} characters`, { layer: "simulator" });
    }
    this.#token = token === undefined ? undefined : digest(token);
  }

  /**
   * Throws Fault `wrong-host` for a request that a foreign web page may have caused: by a name that it made point to this machine, or by a
   * form.
   */
  checkOrigin(request: HttpRequest): void {
    const host = request.header("host") ?? "";
    const origin = request.header("origin");
    const site = request.header("sec-fetch-site");
    const foreign = origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
    const crossSite = site !== undefined && site !== "same-origin" && site !== "none";
    if (foreign || crossSite || (this.#loopback && !isLoopback(hostIn(host)))) {
      throw new Fault("wrong-host", "the request comes from another site", {
        layer: "simulator",
        hint: "open the control port by the address on which it listens",
      });
    }
  }

  /** Fault `token-needed`. The time does not tell how much of a token is right. */
  checkToken(request: HttpRequest): void {
    if (this.#token === undefined) return;
    const [, given] = /^Bearer (\S+)$/i.exec(request.header("authorization") ?? "") ?? [];
    if (given !== undefined && noble.sameSecret(digest(given), this.#token)) return;
    throw new Fault("token-needed", given === undefined ? "the request has no token" : "the token is wrong", {
      layer: "simulator",
      hint: "send the header authorization: Bearer TOKEN",
    });
  }
}

const digest = (token: string): Uint8Array => noble.hash("sha256", new TextEncoder().encode(token));
