import { T } from "@dlmskit/apdu";
import { Initiator } from "@dlmskit/association";
import type { ConnectOptions } from "@dlmskit/client";
import { fromAscii, fromHex } from "@dlmskit/core";
import { register } from "@dlmskit/cosem-objects";
import { CounterGuard, CounterLedger, Protection } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { hls5, meter, none, Server } from "@dlmskit/server";
import type { DuplexHandlers } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { encodeWpdu, WrapperServerLink } from "@dlmskit/wrapper";

const random = (count: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(count));
const encryptionKey = random(16);
const authenticationKey = random(16);

/** A meter with one register, for a public client (16) and a client with ciphering (48). */
export function aMeter() {
  const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 12_345_678, unit: "Wh" });
  return meter({
    name: "BEN0000000000001",
    objects: [energy],
    associations: {
      public: { client: 16, security: none(), access: "read" },
      utility: { client: 48, security: hls5({ encryptionKey, authenticationKey, policy: 3 }), access: "read" },
    },
  });
}

/** The options of `connect` for the client with ciphering. Its counters go on from call to call. */
export function clientSecurity(): Pick<ConnectOptions, "provider" | "mechanism" | "ciphered" | "security"> {
  const keys = { encryptionKey, authenticationKey };
  const systemTitle = fromAscii("BEN00002");
  const counters = new CounterLedger({ start: 1 });
  counters.reserved(0xffff0000);
  return {
    ...{ provider: node, mechanism: 5, ciphered: true },
    security: { suite: 0, keys, counters, replay: new CounterGuard(), systemTitle },
  };
}

/**
 * A server with one connection that is a function call: the function passes octets to the server and returns the octets that the server
 * sends.
 */
export class Wire {
  readonly #handlers: DuplexHandlers;
  #sent: Uint8Array[] = [];

  constructor(server: Server) {
    let handlers: DuplexHandlers | undefined;
    server.accept(
      {
        remote: "bench:1",
        bufferedOctets: 0,
        start: (given: DuplexHandlers) => {
          handlers = given;
        },
        send: (octets: Uint8Array) => void this.#sent.push(octets),
        end: () => undefined,
        destroy: () => undefined,
      },
      new WrapperServerLink({}),
    );
    this.#handlers = handlers as DuplexHandlers;
  }

  exchange(octets: Uint8Array): Uint8Array[] {
    this.#sent = [];
    this.#handlers.received(octets);
    return this.#sent;
  }
}

/** Sends the octets of a client and returns the octets of the answer. */
export type Exchange = (octets: Uint8Array) => Promise<readonly Uint8Array[]> | readonly Uint8Array[];

/** The client's end, for a public client (16) or a client with ciphering (48). */
export class BenchClient {
  readonly #initiator: Initiator;
  readonly #client: number;
  readonly #protection: Protection;

  constructor(client: 16 | 48) {
    this.#client = client;
    const counters = new CounterLedger({ start: 1 });
    counters.reserved(0xffff0000);
    const keys = { encryptionKey, authenticationKey };
    const systemTitle = fromAscii("BEN00001");
    const security = { suite: 0, keys, counters, replay: new CounterGuard(), systemTitle } as const;
    this.#initiator = new Initiator({
      context: "logical-name",
      ciphered: client === 48,
      mechanism: client === 48 ? 5 : 0,
      conformance: ["get"],
      maxReceivePduSize: 1024,
      provider: node,
      random,
      timeout: 5000,
      ...(client === 48 ? { security } : {}),
    });
    this.#protection = new Protection({ ...security, provider: node, replay: new CounterGuard() });
  }

  /** Opens the association. */
  async open(exchange: Exchange): Promise<this> {
    this.#initiator.open(0);
    for (let output = this.#initiator.poll(); output !== undefined; output = this.#initiator.poll()) {
      if (output.type !== "transmit") continue;
      const octets = encodeWpdu({ source: this.#client, destination: 1, pdu: output.pdu });
      for (const answer of await exchange(octets)) this.#initiator.receive(answer.subarray(8), 0);
    }
    if (this.#initiator.state !== "associated") throw new Error(`not associated: ${this.#initiator.state}`);
    return this;
  }

  /** Requests that are ready to send, each a GET of the register. */
  gets(count: number): readonly Uint8Array[] {
    return Array.from({ length: count }, () => {
      const pdu =
        this.#client === 16
          ? getRequest
          : this.#protection.seal(getRequest, { authenticated: true, encrypted: true, form: "glo" });
      return encodeWpdu({ source: this.#client, destination: 1, pdu });
    });
  }
}

const getRequest = fromHex("c001c100030100010800ff0200");

export const aServer = (): Server => new Server({ meters: aMeter(), clock: systemClock, provider: node });
