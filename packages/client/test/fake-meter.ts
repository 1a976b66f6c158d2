import { type Data, type DataLike, dataOf, T } from "@dlmskit/apdu";
import {
  type AccessResult,
  type ActionOutcome,
  type GetResult,
  type Incoming,
  type Offer,
  Responder,
  type ResultsOf,
  securityPolicy,
} from "@dlmskit/association";
import type { ClientLink, Link, LinkAddress, LinkOutput } from "@dlmskit/core";
import { CounterGuard, CounterLedger, noble } from "@dlmskit/security";
import { LinkPump, type MemoryDuplex, memoryPair, VirtualClock } from "@dlmskit/transport";
import { type ConnectOptions, DurableCounters } from "../src/index.ts";

const address: LinkAddress = { client: 16, server: 1 };

/** A link without a wire form: a datagram is a PDU. */
export class BareLink implements ClientLink {
  readonly #outputs: LinkOutput[] = [];
  readonly deadline = undefined;

  connect(): void {
    this.#outputs.push({ type: "connected", address });
  }

  receive(octets: Uint8Array): void {
    this.#outputs.push({ type: "received", pdu: octets, address });
  }

  send(pdu: Uint8Array): void {
    this.#outputs.push({ type: "transmit", octets: pdu });
  }

  expire(): void {}

  close(): void {
    this.#outputs.push({ type: "disconnected", why: "closed" });
  }

  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }
}

export const keys = {
  encryptionKey: new Uint8Array(16).fill(0xe1),
  authenticationKey: new Uint8Array(16).fill(0xa1),
};
const titles = {
  client: Uint8Array.of(0x4d, 0x4d, 0x4d, 0, 0, 0, 0, 1),
  server: Uint8Array.of(0x4d, 0x4d, 0x4d, 0, 0, 0, 0, 2),
};

/** Octets that are the same in every run. */
function steady(seed: number): (count: number) => Uint8Array {
  let state = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state = (state * 48271) % 0x7fffffff;
      return state & 0xff;
    });
}

/** A meter of a few attributes, behind a Responder. */
export class FakeMeter {
  readonly clock = new VirtualClock();
  readonly values = new Map<string, DataLike>();
  readonly served: Incoming[] = [];
  readonly guard = new CounterGuard();
  responder: Responder;
  duplex: MemoryDuplex | undefined;
  #pump: LinkPump<Link> | undefined;
  /** Answers that are to be lost. */
  mute = 0;
  selective: (incoming: Incoming) => DataLike | undefined = () => undefined;

  constructor(offer: Partial<Offer> = {}) {
    const counters = new CounterLedger({ start: 0, block: 1 << 20 });
    counters.reserved(1 << 20);
    this.responder = new Responder({
      offer: {
        context: "logical-name",
        ciphered: false,
        mechanism: 0,
        conformance: [
          "get",
          "set",
          "action",
          "multiple-references",
          "selective-access",
          "block-transfer-with-get-or-read",
          "block-transfer-with-set-or-write",
          "block-transfer-with-action",
        ],
        maxReceivePduSize: 512,
        ...(offer.ciphered === true
          ? {
              security: {
                suite: 0,
                policy: securityPolicy(3),
                keys,
                counters,
                replay: this.guard,
                systemTitle: titles.server,
              },
            }
          : {}),
        ...offer,
      },
      provider: noble,
      random: steady(2),
    });
  }

  put(classId: number, instanceId: string, attributeId: number, value: DataLike): this {
    this.values.set(`${classId} ${instanceId} ${attributeId}`, value);
    return this;
  }

  /** A line to the meter. */
  line(): { duplex: MemoryDuplex; link: BareLink } {
    const [client, server] = memoryPair({ datagrams: true });
    this.duplex = server;
    const pump = new LinkPump<Link>({ link: new BareLink(), duplex: server, clock: this.clock });
    this.#pump = pump;
    pump.start({
      received: (pdu) => {
        this.responder.receive(pdu, this.clock.now());
        this.#drain();
      },
      closed: () => this.responder.abort(this.clock.now()),
    });
    return { duplex: client, link: new BareLink() };
  }

  /** Sends octets unasked. */
  send(pdu: Uint8Array): void {
    this.#pump?.send(pdu, address);
  }

  #drain(): void {
    for (let output = this.responder.poll(); output !== undefined; output = this.responder.poll()) {
      if (output.type === "request") {
        this.served.push(output.incoming);
        this.responder.respond(output.incoming.id, this.#answer(output.incoming), this.clock.now());
      } else if (output.type === "transmit") {
        if (this.mute > 0) this.mute--;
        else this.send(output.pdu);
      }
    }
  }

  #answer(incoming: Incoming): ResultsOf {
    const { request } = incoming;
    switch (request.service) {
      case "get":
        return request.items.map(({ classId, instanceId, attributeId, access }): GetResult => {
          const data =
            access === undefined
              ? this.values.get(`${classId} ${instanceId} ${attributeId}`)
              : this.selective(incoming);
          return data === undefined ? { error: "object-undefined" } : { data };
        });
      case "set":
        return request.items.map(({ attribute: { classId, instanceId, attributeId }, value }) => {
          if (!this.values.has(`${classId} ${instanceId} ${attributeId}`)) return "object-undefined";
          this.put(classId, instanceId, attributeId, value);
          return "success";
        });
      case "read":
        return request.items.map(() => ({ error: "object-undefined" }) as const);
      case "write":
        return request.items.map(() => "object-undefined" as const);
      case "access":
        return request.items.map(
          (item): AccessResult =>
            item.service === "get"
              ? {
                  service: "get",
                  result: "success",
                  data: this.values.get(
                    `${item.attribute.classId} ${item.attribute.instanceId} ${item.attribute.attributeId}`,
                  ) ?? { type: "null-data" },
                }
              : { service: item.service, result: "success" },
        );
      case "action":
        return request.items.map(({ method, parameters }): ActionOutcome => {
          if (method.methodId === 9) return { result: "read-write-denied" };
          if (method.methodId === 8) return { result: "success", data: { error: "other-reason" } };
          return parameters === undefined ? { result: "success" } : { result: "success", data: parameters };
        });
    }
  }

  options(more: Partial<ConnectOptions> = {}): ConnectOptions {
    return { clock: this.clock, random: steady(1), timeout: 1000, ...more };
  }

  secured(counters = new DurableCounters({ start: 0, reserve: () => undefined })): Partial<ConnectOptions> {
    return {
      ciphered: true,
      mechanism: 5,
      security: { suite: 0, keys, counters, replay: new CounterGuard(), systemTitle: titles.client },
    };
  }
}

export const register = (
  meter: FakeMeter,
  instanceId: string,
  value: number,
  scaler: number,
  unit: number,
): FakeMeter =>
  meter.put(3, instanceId, 2, dataOf(T.doubleLongUnsigned, value)).put(3, instanceId, 3, {
    type: "structure",
    value: [
      { type: "integer", value: scaler },
      { type: "enum", value: unit },
    ],
  });

export const structure = (...value: Data[]): Data => ({ type: "structure", value });
export const array = (...value: Data[]): Data => ({ type: "array", value });
/** Lets what is under way in microtasks arrive. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
