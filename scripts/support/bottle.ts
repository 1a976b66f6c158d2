// Client and server of @dlmskit/association, end to end in memory: what passes between them is what is served and used.
import { type ConformanceName, decodeApdu } from "@dlmskit/apdu";
import {
  type AccessResult,
  type Incoming,
  Initiator,
  type InitiatorOptions,
  type InitiatorOutput,
  type MechanismId,
  noPolicy,
  type Referencing,
  Responder,
  type ResultsOf,
  type ServiceRequest,
} from "@dlmskit/association";
import { clientConformance, clientShortNameConformance } from "@dlmskit/client";
import { type Fault, fromHex } from "@dlmskit/core";
import {
  type CipheredForm,
  CounterGuard,
  CounterLedger,
  type GeneralKey,
  newKeyPair,
  noble,
  Protection,
  securitySuites,
} from "@dlmskit/security";
import { servedConformance, servedShortNameConformance } from "@dlmskit/server";

export interface Setting {
  readonly mechanism?: MechanismId;
  readonly ciphered?: boolean;
  readonly suite?: 0 | 1 | 2;
  readonly form?: "glo" | "general-glo" | "general-ciphering";
  readonly generalKey?: GeneralKey;
  readonly signed?: "inside" | "outside" | "only";
  readonly dedicatedKey?: boolean;
  /** PDU size of both ends. */
  readonly size?: number;
  readonly context?: Referencing;
}

/** Octets that look random and are the same in every run: the table must be, too. */
function octets(seed: number): (count: number) => Uint8Array {
  let state = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state = (state * 69069 + 12345) & 0x7fffffff;
      return state >> 16;
    });
}

function ledger(): CounterLedger {
  const counters = new CounterLedger({ start: 0 });
  counters.reserved(1024);
  return counters;
}

/** Both ends, with all that this client asks for and this server serves. */
export class Bottle {
  readonly client: Initiator;
  readonly server: Responder;
  /** Names of the APDUs that passed, by the end that sent them. */
  readonly sent = { client: new Set<string>(), server: new Set<string>() };
  readonly outputs: Exclude<InitiatorOutput, { type: "transmit" }>[] = [];
  /** What the client drew at random: without authentication, its dedicated key. */
  readonly #drawn: Uint8Array[] = [];
  readonly #protection: ConstructorParameters<typeof Protection>[0];

  constructor({
    mechanism = 0,
    ciphered = false,
    suite = 0,
    form = "glo",
    generalKey = "global-unicast-encryption-key",
    signed,
    dedicatedKey = false,
    size = 1024,
    context = "logical-name",
  }: Setting) {
    const { keyLength, curve } = { curve: undefined, ...securitySuites[suite] };
    const keys = { encryptionKey: octets(1)(keyLength), authenticationKey: octets(2)(keyLength) };
    const pairs = curve && { client: newKeyPair(noble, curve, octets(3)), server: newKeyPair(noble, curve, octets(4)) };
    const security = (own: "client" | "server", peer: "client" | "server") => ({
      ...{ suite, keys, counters: ledger(), replay: new CounterGuard(), policy: noPolicy },
      systemTitle: fromHex(own === "client" ? "4d4d4d0000000001" : "4d4d4d0000bc614e"),
      masterKey: octets(8)(keyLength),
      ...(pairs && {
        privateKeys: { digitalSignature: pairs[own].privateKey, keyAgreement: pairs[own].privateKey },
        peerKeys: { publicKey: () => pairs[peer].publicKey },
      }),
    });
    const only = signed === "only" ? { authenticated: false, encrypted: false } : {};
    const signing = signed && { signed: signed === "outside" ? signed : ("inside" as const) };
    const shared = { context, ciphered, mechanism, secret: octets(5)(16), provider: noble } as const;
    const shortNames = context === "short-name";
    const conformance = (names: readonly ConformanceName[]) => [...new Set([...names, "general-protection" as const])];
    const draw = octets(6);
    const options: InitiatorOptions = {
      ...shared,
      conformance: conformance(shortNames ? clientShortNameConformance : clientConformance),
      security: {
        ...{ ...security("client", "server"), form, generalKey, dedicatedKey, ...only, ...signing },
        serverSystemTitle: fromHex("4d4d4d0000bc614e"),
      },
      ...{ maxReceivePduSize: size, timeout: 1000 },
      random: (count) => this.#drawn[this.#drawn.push(draw(count)) - 1] as Uint8Array,
    };
    this.#protection = { provider: noble, ...security("server", "client") };
    this.client = new Initiator(options);
    this.server = new Responder({
      offer: {
        ...shared,
        conformance: conformance(shortNames ? servedShortNameConformance : servedConformance),
        security: security("server", "client"),
        maxReceivePduSize: size,
      },
      ...{ provider: noble, random: octets(7) },
    });
  }

  /** Opens the association; what went wrong, where something did. */
  open(): Fault | undefined {
    this.client.open(0);
    return this.run();
  }

  ask(request: ServiceRequest, options: Parameters<Initiator["request"]>[1] = {}): Fault | undefined {
    this.client.request(request, options, 0);
    return this.run();
  }

  /** An APDU as the server would send it unasked. */
  sealed(apdu: Uint8Array, form: CipheredForm): Uint8Array {
    const [key] = this.#drawn;
    const dedicated = key && { key, counters: ledger(), replay: new CounterGuard() };
    const counters = new CounterLedger({ start: 1024 });
    counters.reserved(2048);
    const protection = new Protection({ ...this.#protection, counters, ...(dedicated && { dedicated }) });
    return protection.seal(apdu, { authenticated: true, encrypted: true, form });
  }

  run(): Fault | undefined {
    let fault: Fault | undefined;
    for (let moved = true; moved; ) {
      moved = false;
      for (let output = this.client.poll(); output !== undefined; output = this.client.poll()) {
        moved = true;
        if (output.type === "transmit") this.#pass("client", output.pdu);
        else this.outputs.push(output);
        if (output.type === "failed") fault = output.fault;
      }
      for (let output = this.server.poll(); output !== undefined; output = this.server.poll()) {
        moved = true;
        if (output.type === "transmit") this.#pass("server", output.pdu);
        else if (output.type === "request") this.server.respond(output.incoming.id, echo(output.incoming), 0);
      }
    }
    return fault;
  }

  #pass(from: "client" | "server", pdu: Uint8Array): void {
    const apdu = decodeApdu(pdu);
    this.sent[from].add(apdu.apdu);
    // What an AARQ and an AARE carry is an APDU, too.
    if ((apdu.apdu === "aarq" || apdu.apdu === "aare") && apdu.userInformation !== undefined) {
      this.sent[from].add(decodeApdu(apdu.userInformation).apdu);
    }
    if (from === "client") this.server.receive(pdu, 0);
    else this.client.receive(pdu, 0);
  }
}

const text = (length: number) => ({ type: "octet-string", value: new Uint8Array(length) }) as const;

/** Long answers to what asks for them: attribute or method 9. */
function echo({ request }: Incoming): ResultsOf {
  switch (request.service) {
    case "get":
      return request.items.map(({ attributeId }) => ({ data: text(attributeId === 9 ? 300 : 1) }));
    case "set":
      return request.items.map(() => "success" as const);
    case "write":
      return request.items.map(() => "success" as const);
    case "read":
      return request.items.map(({ variableName }) => ({ data: text(variableName === longName ? 300 : 1) }));
    case "access":
      return request.items.map(
        (item): AccessResult =>
          item.service === "get"
            ? { service: "get", result: "success", data: text(item.attribute.attributeId === 9 ? 300 : 1) }
            : { service: item.service, result: "success" },
      );
    case "action":
      return request.items.map(({ method }) => ({ result: "success", data: text(method.methodId === 9 ? 300 : 1) }));
  }
}

const longName = 0x2040;
const attribute = (attributeId: number) => ({ classId: 1, instanceId: "0.0.96.1.0.255", attributeId });
const method = (methodId: number) => ({ classId: 1, instanceId: "0.0.96.1.0.255", methodId });

/** Every service with one item and several, short and longer than the PDU size. */
export const requests: readonly ServiceRequest[] = [2, 9].flatMap((id): ServiceRequest[] => {
  const value = text(id === 9 ? 300 : 1);
  return [1, 2].flatMap((count): ServiceRequest[] => [
    { service: "get", items: Array.from({ length: count }, () => attribute(id)) },
    { service: "set", items: Array.from({ length: count }, () => ({ attribute: attribute(id), value })) },
    {
      service: "access",
      items: Array.from({ length: count }, () => ({ service: "get", attribute: attribute(id) })),
      selfDescriptive: count === 2,
    },
    { service: "action", items: Array.from({ length: count }, () => ({ method: method(id), parameters: value })) },
  ]);
});

/** The same by short names: every service with one item and several, short and longer than the PDU size, confirmed or not. */
export const shortNameRequests: readonly ServiceRequest[] = [0x2008, longName].flatMap((variableName) => {
  const value = text(variableName === longName ? 300 : 1);
  const plain = { variableName };
  const selected = { variableName, access: { selector: 0, parameters: value } };
  return [1, 2].flatMap((count): ServiceRequest[] => [
    ...[plain, selected].map(
      (item): ServiceRequest => ({ service: "read", items: Array.from({ length: count }, () => item) }),
    ),
    { service: "write", items: Array.from({ length: count }, () => ({ variable: plain, value })) },
  ]);
});
