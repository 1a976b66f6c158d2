import type { ConformanceName, Data, DataLike } from "@dlmskit/apdu";
import {
  type AttributeReference,
  Initiator,
  type InitiatorOptions,
  type InitiatorOutput,
  type InitiatorSecurity,
  type ServiceRequest,
  type ServiceResults,
} from "@dlmskit/association";
import { fromAscii } from "@dlmskit/core";
import { type Parameters, Primary, Station, type StationOptions } from "@dlmskit/hdlc";
import { CounterGuard, CounterLedger, noble } from "@dlmskit/security";
import { type MemoryState, openMemoryStore, type Store } from "@dlmskit/storage";
import { LinkPump, memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { type Meter, type Route, Server, type ServerEvent, type ServerOptions } from "../src/index.ts";

let seed = 1;
/** Different octets each time, the same in each run. */
const random = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return seed >>> 16;
  });

const everything: readonly ConformanceName[] = [
  ...(["get", "set", "action", "selective-access", "multiple-references", "priority-mgmt-supported"] as const),
  ...(["block-transfer-with-get-or-read", "block-transfer-with-set-or-write", "block-transfer-with-action"] as const),
];

export const ek = Uint8Array.from({ length: 16 }, (_, at) => at);
export const ak = Uint8Array.from({ length: 16 }, (_, at) => 0xd0 + at);

/** What a client has for protected traffic; its counters go on from one association to the next. */
export function protectedClient(more: Partial<InitiatorSecurity> = {}, start = 1): InitiatorSecurity {
  const counters = new CounterLedger({ start });
  counters.reserved(0x10000000);
  return {
    suite: 0,
    keys: { encryptionKey: ek, authenticationKey: ak },
    counters,
    replay: new CounterGuard(),
    systemTitle: fromAscii("CLI00001"),
    ...more,
  };
}

export const now0 = Date.UTC(2026, 10, 24, 8, 30);

/** A server on a line in memory, in virtual time. */
export class Bench {
  readonly clock = new VirtualClock({ epoch: now0 });
  readonly events: ServerEvent[] = [];
  readonly server: Server;

  constructor(meters: Meter | Route, options: Partial<ServerOptions> = {}) {
    this.server = new Server({
      meters,
      clock: this.clock,
      random,
      events: (event) => this.events.push(event),
      ...options,
    });
  }

  /** Lets what is under way come to its end. */
  async settle(ms = 20): Promise<void> {
    for (let at = 0; at < ms; at++) {
      this.clock.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A connection with nothing on it yet. */
  plug() {
    const [near, far] = memoryPair({ clock: this.clock });
    this.server.accept(far, new WrapperServerLink({}));
    return near;
  }

  /** The same on an HDLC line. */
  plugHdlc() {
    const [near, far] = memoryPair({ clock: this.clock });
    const addresses: StationOptions["addresses"] = ({ upper, lower }) =>
      this.server.knows({ client: 0, server: upper, ...(lower === undefined ? {} : { physical: lower }) });
    this.server.accept(far, new Station({ ...this.station, addresses }));
    return near;
  }

  /** How HDLC lines are made. */
  station: Omit<StationOptions, "addresses"> = {};

  client(options: ClientOptions = {}): Client {
    return new Client(this, options);
  }
}

export interface ClientOptions extends Partial<InitiatorOptions> {
  readonly client?: number;
  readonly server?: number;
  /** Over HDLC, with a lower address unless `physical` is left out; over the wrapper unless given. */
  readonly hdlc?: Partial<Parameters> & { readonly physical?: number };
}

export class Client {
  readonly bench: Bench;
  readonly pump: LinkPump<WrapperClientLink | Primary>;
  readonly #hdlc: boolean;
  /** Why the data link ended. */
  gone: string | undefined;
  readonly initiator: Initiator;
  readonly outputs: InitiatorOutput[] = [];
  /** Every PDU that the server sent. */
  readonly received: Uint8Array[] = [];
  closed = false;

  constructor(bench: Bench, { client = 16, server = 1, hdlc, ...options }: ClientOptions) {
    this.bench = bench;
    this.#hdlc = hdlc !== undefined;
    const upper = { upper: server };
    const to = hdlc?.physical === undefined ? upper : { ...upper, lower: hdlc.physical };
    this.pump = new LinkPump<WrapperClientLink | Primary>({
      link:
        hdlc === undefined ? new WrapperClientLink({ client, server }) : new Primary({ ...hdlc, client, server: to }),
      duplex: hdlc === undefined ? bench.plug() : bench.plugHdlc(),
      clock: bench.clock,
    });
    this.initiator = new Initiator({
      context: "logical-name",
      ciphered: options.security !== undefined,
      mechanism: 0,
      conformance: everything,
      maxReceivePduSize: 512,
      provider: noble,
      random,
      timeout: 5000,
      ...options,
    });
    this.pump.start({
      received: (pdu) => {
        this.received.push(pdu);
        this.initiator.receive(pdu, bench.clock.now());
        this.drain();
      },
      disconnected: (why) => {
        this.gone = why;
      },
      closed: () => {
        this.closed = true;
      },
    });
    this.pump.connect();
  }

  drain(): void {
    for (let output = this.initiator.poll(); output !== undefined; output = this.initiator.poll()) {
      if (output.type === "transmit") this.pump.send(output.pdu);
      else this.outputs.push(output);
    }
  }

  async open(): Promise<this> {
    if (this.#hdlc) await this.bench.settle();
    this.initiator.open(this.bench.clock.now());
    this.drain();
    await this.bench.settle();
    return this;
  }

  get opened(): boolean {
    return this.initiator.state === "associated";
  }

  /** Goes on under a new encryption key, as the meter does after it was told one. */
  changeKey(encryptionKey: Uint8Array, authenticationKey = ak): void {
    const { counters, replay } = protectedClient();
    this.initiator.changeKeys({ keys: { encryptionKey, authenticationKey }, counters, replay });
  }

  async release(): Promise<void> {
    this.initiator.release(this.bench.clock.now());
    this.drain();
    await this.bench.settle();
  }

  /** Sends octets as they are. */
  async raw(pdu: Uint8Array): Promise<Uint8Array | undefined> {
    const before = this.received.length;
    this.pump.send(pdu);
    await this.bench.settle();
    return this.received[before];
  }

  async request(request: ServiceRequest, confirmed = true): Promise<ServiceResults["results"]> {
    const id = this.initiator.request(request, { confirmed }, this.bench.clock.now());
    this.drain();
    const answer = () =>
      this.outputs.find((one) => (one.type === "response" || one.type === "failed") && one.id === id);
    if (!confirmed) await this.bench.settle();
    for (let at = 0; at < 6000 && answer() === undefined && !this.closed; at++) await this.bench.settle(1);
    const found = answer();
    if (found?.type === "response") return found.results;
    throw found?.type === "failed" ? found.fault : new Error("no answer");
  }

  async get(...items: (readonly [number, string, number])[]) {
    const references = items.map(
      ([classId, instanceId, attributeId]): AttributeReference => ({ classId, instanceId, attributeId }),
    );
    return (await this.request({ service: "get", items: references })) as ({ data: DataLike } | { error: string })[];
  }

  async set(classId: number, instanceId: string, attributeId: number, value: Data) {
    const items = [{ attribute: { classId, instanceId, attributeId }, value }];
    return (await this.request({ service: "set", items }))[0] as string;
  }

  async invoke(
    classId: number,
    instanceId: string,
    methodId: number,
    parameters: Data = { type: "integer", value: 0 },
  ) {
    const items = [{ method: { classId, instanceId, methodId }, parameters }];
    return ((await this.request({ service: "action", items }))[0] as { result: string }).result;
  }
}

/** The store of the process that comes after a crash: those that had the state open are dead. */
export function restarted(state: MemoryState): Promise<Store> {
  state.endProcesses();
  return openMemoryStore({}, state);
}
