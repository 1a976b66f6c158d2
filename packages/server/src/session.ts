import { type Incoming, type Negotiated, type Offer, Responder, type ResultsOf } from "@dlmskit/association";
import { Fault, type LinkAddress } from "@dlmskit/core";
import { type AssociationInformation, isLater, type Rights } from "@dlmskit/cosem-objects";
import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Cancel, Clock } from "@dlmskit/transport";
import type { Association } from "./association-spec.ts";
import { ConnectionRow } from "./connection-row.ts";
import { type Dispatcher, requiredProtection } from "./dispatch.ts";
import type { ServerEvent } from "./events.ts";
import type { Limits } from "./limits.ts";
import type { Meter } from "./meter.ts";
import type { Device } from "./meter-template.ts";
import { offerOf } from "./offer.ts";
import type { MeterStore } from "./store-port.ts";

/** What a session needs of the server and of its connection. */
export interface SessionPort {
  readonly clock: Clock;
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly limits: Limits;
  readonly store: MeterStore | undefined;
  readonly dispatcher: Dispatcher;
  readonly remote: string;
  instant(): number;
  tell(event: ServerEvent): void;
  send(pdu: Uint8Array, address: LinkAddress): void;
  /** Nothing waits any more. */
  quiet(): void;
  /** The connection cannot go on. */
  broken(fault: Fault): void;
}

/** One client with one logical device on one connection: its association and what it has asked. */
export class Session {
  readonly #port: SessionPort;
  readonly #address: LinkAddress;
  readonly #meter: Meter;
  readonly #device: Device;
  readonly #association: Association | undefined;
  readonly #waiting: { pdu: Uint8Array; broadcast: boolean }[] = [];
  #responder: Responder;
  #locked = false;
  #blocked = false;
  #silent = false;
  #over: (() => void) | undefined;
  #row: ConnectionRow | undefined;
  #negotiated: Negotiated | undefined;
  #cancel: Cancel | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #closed = false;
  /** ms on the clock: the last PDU of the client. */
  lastActivity: number;

  constructor(port: SessionPort, address: LinkAddress, meter: Meter, device: Device) {
    this.#port = port;
    this.#address = address;
    this.#meter = meter;
    this.#device = device;
    this.#association = device.association(address.client);
    this.#responder = this.#newResponder(false);
    this.lastActivity = port.clock.now();
  }

  get state(): Responder["state"] {
    return this.#responder.state;
  }

  /** Requests that came and are not answered. */
  get busy(): boolean {
    return this.#blocked || this.#waiting.length > 0;
  }

  #newResponder(locked: boolean): Responder {
    const { provider, random, limits } = this.#port;
    this.#locked = locked;
    const association = this.#association;
    const offer: Offer | undefined =
      association === undefined || locked ? undefined : offerOf(this.#meter, association);
    return new Responder({
      ...(offer === undefined ? {} : { offer }),
      provider,
      random,
      limits: { outstanding: limits.outstandingRequests },
    });
  }

  /** One PDU. It waits its turn while the meter is loaded, counters are reserved, or a hook takes its time. */
  receive(pdu: Uint8Array, broadcast: boolean): void {
    if (this.#closed) return;
    this.lastActivity = this.#port.clock.now();
    this.#row?.touch();
    if (this.#blocked) {
      if (this.#waiting.length < this.#port.limits.outstandingRequests) this.#waiting.push({ pdu, broadcast });
      return;
    }
    this.#take(pdu, broadcast);
  }

  #take(pdu: Uint8Array, broadcast: boolean): void {
    const wait = this.#wait();
    if (wait === undefined) {
      this.#process(pdu, broadcast);
      return;
    }
    this.#block(
      wait.then(() => this.#process(pdu, broadcast)),
      "loading",
    );
  }

  #wait(): Promise<unknown> | undefined {
    const loading = this.#meter.load(this.#port.store);
    const association = this.#association;
    if (association === undefined) return loading;
    if (loading === undefined) return this.#meter.state(association).ready();
    return loading.then(() => this.#meter.state(association).ready());
  }

  /** Nothing else of this client is served until `work` is done. */
  #block(work: PromiseLike<unknown>, what: string): void {
    this.#blocked = true;
    const go = (): void => {
      this.#blocked = false;
      const next = this.#waiting.shift();
      if (next !== undefined && !this.#closed) this.receive(next.pdu, next.broadcast);
      if (!this.busy) this.#port.quiet();
    };
    work.then(go, (error: unknown) => {
      this.#port.tell({ type: "store-failed", meter: this.#meter.name, what, error });
      // Without its counters and its values the meter must not speak.
      this.#port.broken(new Fault("store-failed", `${what} failed`, { layer: "server", cause: error }));
    });
  }

  #process(pdu: Uint8Array, broadcast: boolean): void {
    if (this.#closed) return;
    this.#applyLimits();
    this.#silent = broadcast;
    this.#responder.receive(pdu, this.#port.clock.now());
    this.#drain();
  }

  /** A client that failed too often, or is one too many, finds nothing to open. */
  #applyLimits(): void {
    const association = this.#association;
    if (association === undefined || this.#responder.state !== "idle") return;
    const tooMany = this.#meter.openAssociations >= this.#port.limits.associationsPerMeter;
    const locked = tooMany || this.#meter.state(association).lockedUntil > this.#port.instant();
    if (locked !== this.#locked) this.#responder = this.#newResponder(locked);
  }

  #drain(): void {
    const { clock } = this.#port;
    for (;;) {
      const output = this.#responder.poll();
      if (output === undefined) break;
      switch (output.type) {
        case "transmit":
          if (!this.#silent) this.#port.send(output.pdu, this.#address);
          break;
        case "request":
          this.#serve(output.incoming);
          break;
        case "associated":
          this.#associated(output.association);
          break;
        case "released":
          this.#released(output.why);
          break;
        case "refused":
          this.#refused(output.fault);
          break;
      }
      if (this.#closed) return;
    }
    const { deadline } = this.#responder;
    if (deadline !== undefined && deadline < this.#armedFor) {
      this.#cancel?.();
      this.#armedFor = deadline;
      this.#cancel = clock.at(deadline, () => this.#expired());
    }
  }

  #expired(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    if (this.#closed) return;
    this.#responder.expire(this.#port.clock.now());
    this.#drain();
  }

  #serve(incoming: Incoming): void {
    const association = this.#association;
    if (association === undefined) return;
    const asker = {
      meter: this.#meter,
      device: this.#device,
      association,
      information: this.#information(association),
    };
    const { serve } = this.#port.dispatcher;
    const responder = this.#responder;
    const state = this.#meter.state(association);
    // What changes something runs only once its counter cannot come again, not even after a crash; what reads may wait.
    const reads = incoming.request.service === "get";
    const saved = reads ? undefined : state.savePeer();
    if (reads) state.savePeerSoon()?.catch((error: unknown) => this.#storeFailed("peer counter", error));
    const results = saved === undefined ? serve(asker, incoming) : saved.then(() => serve(asker, incoming));
    if (!isLater(results)) {
      this.#respond(responder, incoming, results);
      return;
    }
    this.#block(
      results.then((done) => {
        this.#respond(responder, incoming, done);
        this.#drain();
      }) as PromiseLike<unknown>,
      "a request",
    );
  }

  #respond(responder: Responder, incoming: Incoming, results: ResultsOf): void {
    if (this.#closed || !incoming.confirmed) return;
    const { clock, tell } = this.#port;
    try {
      responder.respond(incoming.id, results, clock.now(), this.#required(incoming, results));
    } catch (error) {
      tell({ type: "hook-failed", meter: this.#meter.name, what: "a result cannot be encoded", error });
      const failed = "hardware-fault" as const;
      const { service, items } = incoming.request;
      const substitute = items.map(() =>
        service === "get" ? { error: failed } : service === "set" ? failed : { result: failed },
      );
      responder.respond(incoming.id, substitute as ResultsOf, clock.now());
    }
  }

  #required(incoming: Incoming, results: ResultsOf): ReturnType<typeof requiredProtection> | undefined {
    const association = this.#association;
    if (association?.security.ciphered !== true) return undefined;
    return requiredProtection({ device: this.#device, association }, incoming, results);
  }

  #information(association: Association): AssociationInformation {
    const negotiated = this.#negotiated ?? this.#responder.association;
    return {
      instanceId: association.instance,
      clientSap: this.#address.client,
      serverSap: this.#device.sap,
      status: this.#responder.state === "associated" ? "associated" : "association-pending",
      applicationContext: association.security.ciphered ? 3 : 1,
      mechanism: association.security.mechanism,
      conformance: negotiated?.conformance ?? [],
      maxReceivePduSize: negotiated?.serverMaxReceivePduSize ?? association.maxReceivePduSize,
      maxSendPduSize: negotiated?.clientMaxReceivePduSize ?? 0,
      dlmsVersion: 6,
      qualityOfService: 0,
      rights: association.rights satisfies Rights,
      ...(association.securitySetup === undefined ? {} : { securitySetup: association.securitySetup }),
    };
  }

  get #where(): { remote: string; address: LinkAddress; meter: string } {
    return { remote: this.#port.remote, address: this.#address, meter: this.#meter.name };
  }

  #associated(negotiated: Negotiated): void {
    const association = this.#association;
    if (association === undefined) return;
    this.#negotiated = negotiated;
    const state = this.#meter.state(association);
    state.failures = 0;
    this.#over?.();
    this.#row?.close();
    this.#over = this.#meter.opened(association, negotiated.clientSystemTitle);
    this.#row = this.#openRow();
    this.#port.tell({ type: "associated", ...this.#where, association: negotiated });
  }

  #released(why: "rlrq" | "aborted" | "reassociated" | "disconnected"): void {
    if (this.#over === undefined) return;
    this.#over();
    this.#over = undefined;
    this.#negotiated = undefined;
    this.#row?.close();
    this.#row = undefined;
    this.#port.tell({ type: "released", ...this.#where, why });
  }

  #refused(fault: Fault): void {
    const { limits, tell } = this.#port;
    tell({ type: "refused", ...this.#where, fault });
    const association = this.#association;
    if (association === undefined || this.#locked || !isFailedAuthentication(fault)) return;
    const state = this.#meter.state(association);
    state.failures++;
    if (state.failures < limits.failedAuthentications) return;
    const doubled = limits.lockout * 2 ** Math.min(20, state.failures - limits.failedAuthentications);
    state.lockedUntil = this.#port.instant() + Math.min(limits.longestLockout, doubled);
    tell({ type: "locked", ...this.#where, until: state.lockedUntil });
  }

  /** The data link of this client is gone, or the whole connection. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel?.();
    this.#responder.abort(this.#port.clock.now());
    this.#released("disconnected");
    const saving = this.#association && this.#meter.state(this.#association).savePeer();
    saving?.catch((error: unknown) => this.#storeFailed("peer counter", error));
  }

  #storeFailed(what: string, error: unknown): void {
    this.#port.tell({ type: "store-failed", meter: this.#meter.name, what, error });
  }

  #openRow(): ConnectionRow | undefined {
    const { store } = this.#port;
    if (store === undefined) return undefined;
    const failed = (error: unknown): void => this.#storeFailed("connections", error);
    return new ConnectionRow({ ...this.#port, store, failed }, this.#meter.id, this.#address.client);
  }
}

const isFailedAuthentication = ({ code, message }: Fault): boolean =>
  code === "authentication-failed" || code === "bad-tag" || message.startsWith("authentication-failure");
