import type { Data } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger, type CryptoProvider, noble } from "@dlmskit/security";
import {
  type AccessResult,
  type ActionOutcome,
  type GetResult,
  type Incoming,
  Initiator,
  type InitiatorOptions,
  type InitiatorOutput,
  type MechanismId,
  noPolicy,
  type Offer,
  Responder,
  type ResponderOptions,
  type ResponderOutput,
  type ResultsOf,
  type SecurityPolicy,
  type ServiceRequest,
} from "../src/index.ts";

export const everything = [
  "general-protection",
  "attribute0-supported-with-set",
  "priority-mgmt-supported",
  "attribute0-supported-with-get",
  "block-transfer-with-get-or-read",
  "block-transfer-with-set-or-write",
  "block-transfer-with-action",
  "multiple-references",
  "get",
  "set",
  "selective-access",
  "access",
  "action",
] as const;

/** The same with general block transfer. */
export const general = [...everything, "general-block-transfer"] as const;

export const clientTitle = fromHex("4d4d4d0000000001");
export const serverTitle = fromHex("4d4d4d0000bc614e");
export const secret = fromHex("30313233343536373839414243444546");

// No (key, IV) twice, in any test: the oracle that the ledgers are held against.
const used = new Set<string>();

/** A counter that tells on whoever gives one out twice. */
export function ledger(start = 0): CounterLedger {
  const counters = new CounterLedger({ start, block: 1 << 20 });
  counters.reserved(start + (1 << 20));
  return counters;
}

/** Octets that look random and are the same in every run. */
export function pseudoRandom(seed: number): (count: number) => Uint8Array {
  let state = seed >>> 0 || 1;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state & 0xff;
    });
}

export interface BottleOptions {
  readonly ciphered?: boolean;
  readonly mechanism?: MechanismId;
  readonly suite?: 0 | 1 | 2;
  /** Of both ends; without it noble. */
  readonly provider?: CryptoProvider;
  readonly policy?: SecurityPolicy;
  readonly offer?: Partial<Offer>;
  readonly client?: Partial<InitiatorOptions>;
  readonly clientSecurity?: Partial<NonNullable<InitiatorOptions["security"]>>;
  readonly serverSecurity?: Partial<NonNullable<Offer["security"]>>;
  readonly server?: NonNullable<ResponderOptions["limits"]>;
  readonly answer?: (incoming: Incoming) => ResultsOf | undefined;
}

/** Client and server, end to end, with nothing but the APDUs between them. */
export class Bottle {
  readonly client: Initiator;
  readonly server: Responder;
  readonly executed: Incoming[] = [];
  readonly fromServer: Exclude<ResponderOutput, { type: "transmit" | "request" }>[] = [];
  readonly fromClient: Exclude<InitiatorOutput, { type: "transmit" }>[] = [];
  /** What passed, in order. */
  readonly wire: { to: "server" | "client"; pdu: Uint8Array }[] = [];
  /** May look at, change or lose what passes. */
  tamper: (to: "server" | "client", pdu: Uint8Array) => readonly Uint8Array[] = (_to, pdu) => [pdu];
  now = 0;
  readonly #answer: (incoming: Incoming) => ResultsOf | undefined;

  constructor(options: BottleOptions = {}) {
    const { ciphered = false, mechanism = 0, suite = 0, provider = noble } = options;
    const keyLength = suite === 2 ? 32 : 16;
    const keys = {
      encryptionKey: pseudoRandom(11)(keyLength),
      authenticationKey: pseudoRandom(12)(keyLength),
    };
    const curve = suite === 2 ? "P-384" : "P-256";
    const scalar = suite === 2 ? 48 : 32;
    const privateKeys = { client: new Uint8Array(scalar).fill(3), server: new Uint8Array(scalar).fill(5) };
    const signing = (own: "client" | "server", peer: "client" | "server") => {
      if (suite === 0) return {};
      // Once for each end: with every APDU it would take most of the time.
      const publicKey = provider.publicKey(curve, privateKeys[peer]);
      return {
        privateKeys: { digitalSignature: privateKeys[own], keyAgreement: privateKeys[own] },
        peerKeys: { publicKey: () => publicKey },
      };
    };
    const secrets = mechanism === 0 || mechanism === 5 || mechanism === 7 ? {} : { secret };
    const titled = ciphered || mechanism >= 5;
    this.client = new Initiator({
      context: "logical-name",
      ciphered,
      mechanism,
      ...secrets,
      ...(titled
        ? {
            security: {
              suite,
              keys,
              counters: ledger(),
              replay: new CounterGuard(),
              systemTitle: clientTitle,
              ...signing("client", "server"),
              ...options.clientSecurity,
            },
          }
        : {}),
      conformance: [...everything],
      maxReceivePduSize: 1024,
      provider,
      random: pseudoRandom(1),
      timeout: 1000,
      ...options.client,
    });
    this.server = new Responder({
      offer: {
        context: "logical-name",
        ciphered,
        mechanism,
        ...secrets,
        conformance: [...everything],
        maxReceivePduSize: 1024,
        associationInstance: "0.0.40.0.3.255",
        ...(titled
          ? {
              security: {
                suite,
                policy: options.policy ?? noPolicy,
                keys,
                counters: ledger(),
                replay: new CounterGuard(),
                systemTitle: serverTitle,
                ...signing("server", "client"),
                ...options.serverSecurity,
              },
            }
          : {}),
        ...options.offer,
      },
      provider,
      random: pseudoRandom(2),
      ...(options.server === undefined ? {} : { limits: options.server }),
    });
    this.#answer = options.answer ?? answer;
  }

  /** Lets everything pass until nothing moves. */
  run(): this {
    for (let moved = true; moved; ) {
      moved = false;
      for (let output = this.client.poll(); output !== undefined; output = this.client.poll()) {
        moved = true;
        if (output.type !== "transmit") this.fromClient.push(output);
        else this.toServer(output.pdu);
      }
      for (let output = this.server.poll(); output !== undefined; output = this.server.poll()) {
        moved = true;
        if (output.type === "transmit") this.toClient(output.pdu);
        else if (output.type === "request") this.execute(output.incoming);
        else this.fromServer.push(output);
      }
    }
    return this;
  }

  toServer(pdu: Uint8Array): void {
    this.wire.push({ to: "server", pdu });
    for (const part of this.tamper("server", pdu)) this.server.receive(part, this.now);
  }

  toClient(pdu: Uint8Array): void {
    this.wire.push({ to: "client", pdu });
    for (const part of this.tamper("client", pdu)) this.client.receive(part, this.now);
  }

  execute(incoming: Incoming): void {
    this.executed.push(incoming);
    const results = this.#answer(incoming);
    if (results !== undefined) this.server.respond(incoming.id, results, this.now);
  }

  open(): this {
    this.client.open(this.now);
    return this.run();
  }

  ask(
    request: ServiceRequest,
    options: Parameters<Initiator["request"]>[1] = {},
  ): Exclude<InitiatorOutput, { type: "transmit" }> {
    const before = this.fromClient.length;
    const id = this.client.request(request, options, this.now);
    this.run();
    const found = this.fromClient
      .slice(before)
      .find((output) => (output.type === "response" || output.type === "failed") && output.id === id);
    if (found === undefined) throw new Error(`nothing came of request ${id}`);
    return found;
  }

  /** Sends octets as the client would, past the Initiator; gives what the server transmits. */
  raw(pdu: Uint8Array | string): Uint8Array[] {
    this.server.receive(typeof pdu === "string" ? fromHex(pdu) : pdu, this.now);
    return this.replies();
  }

  replies(): Uint8Array[] {
    const replies: Uint8Array[] = [];
    for (let output = this.server.poll(); output !== undefined; output = this.server.poll()) {
      if (output.type === "transmit") replies.push(output.pdu);
      else if (output.type === "request") this.execute(output.incoming);
      else this.fromServer.push(output);
    }
    return replies;
  }

  rawHex(pdu: Uint8Array | string): string {
    return this.raw(pdu).map(toHex).join(" ");
  }
}

/** Answers a GET with what was asked for, a SET with success, an ACTION with its parameters. */
export function answer({ request }: Incoming): ResultsOf {
  switch (request.service) {
    case "get":
      return request.items.map(
        ({ attributeId, instanceId }): GetResult =>
          attributeId === 99
            ? { error: "object-undefined" }
            : { data: { type: "visible-string", value: `${instanceId}:${attributeId}` } },
      );
    case "set":
      return request.items.map(({ attribute }) => (attribute.attributeId === 99 ? "read-write-denied" : "success"));
    case "read":
      return request.items.map(({ variableName, access }): GetResult => {
        if (variableName === 0xfff8) return { error: "object-undefined" };
        return { data: access?.parameters ?? { type: "visible-string", value: variableName.toString(16) } };
      });
    case "write":
      return request.items.map(({ variable }) => (variable.variableName === 0xfff8 ? "object-undefined" : "success"));
    case "access":
      return request.items.map(
        (item): AccessResult =>
          item.service === "get"
            ? {
                service: "get",
                result: "success",
                data: { type: "visible-string", value: `${item.attribute.instanceId}:${item.attribute.attributeId}` },
              }
            : { service: item.service, result: "success" },
      );
    case "action":
      return request.items.map(
        ({ parameters }): ActionOutcome =>
          parameters === undefined ? { result: "success" } : { result: "success", data: parameters as Data },
      );
  }
}

export const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
export const protectedPolicy: SecurityPolicy = {
  authenticatedRequest: true,
  encryptedRequest: true,
  signedRequest: false,
  authenticatedResponse: true,
  encryptedResponse: true,
  signedResponse: false,
};

/** Fails when a server's or client's ciphered APDUs repeat a counter under one key. */
export function noteCounters(bottle: Bottle, label: string): void {
  used.clear();
  for (const { to, pdu } of bottle.wire) {
    const form = pdu[0] as number;
    if (form < 0xc8 || form > 0xd7) continue;
    const at = (pdu[1] as number) < 0x80 ? 3 : 3 + ((pdu[1] as number) & 0x7f);
    const counter = toHex(pdu.subarray(at, at + 4));
    const key = `${label} ${to} ${form >= 0xd0 ? "ded" : "glo"} ${counter}`;
    if (used.has(key)) throw new Error(`counter twice: ${key}`);
    used.add(key);
  }
}
