import { connect, DurableCounters, type Session } from "@dlmskit/client";
import { Fault, fromAscii } from "@dlmskit/core";
import { CounterGuard } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import type { Duplex } from "@dlmskit/transport";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";
import type { ExecutionOracle } from "./execution-oracle.ts";
import { NonceOracles } from "./nonce-oracle.ts";
import { Recording } from "./recording.ts";
import { type ClientSap, counted, noted, secretsOf, systemTitleOf, wPortOf } from "./shared-meters.ts";

const headEnd = fromAscii("HES00001");

/** One client of one meter, which outlives every process that serves the meter: its counters go on. */
class Caller {
  readonly index: number;
  readonly client: ClientSap;
  readonly #security: { readonly counters: DurableCounters; readonly replay: CounterGuard };
  busy = false;

  constructor(index: number, client: ClientSap) {
    this.index = index;
    this.client = client;
    this.#security = {
      counters: new DurableCounters({ start: 1, reserve: () => undefined }),
      replay: new CounterGuard(),
    };
  }

  open(duplex: Duplex): Promise<Session> {
    const { secret, ...keys } = secretsOf(this.index, this.client);
    return connect(
      { duplex, link: new WrapperClientLink({ client: this.client, server: wPortOf(this.index) }) },
      {
        ...{ clock: systemClock, provider: node, ciphered: true, retries: 0, timeout: 120_000 },
        ...(this.client === 48 ? { mechanism: 5 } : { mechanism: 1, secret }),
        security: { suite: 0, keys, systemTitle: headEnd, ...this.#security },
      },
    );
  }
}

/** What a client did that it may be made to do again. */
export interface Recorded {
  readonly index: number;
  readonly client: ClientSap;
  readonly recording: Recording;
}

/** Clients of the shared meters, each with its counters, and an ear on every line. */
export class HeadEnd {
  readonly #oracle: ExecutionOracle;
  readonly #callers = new Map<string, Caller>();
  readonly nonces = new NonceOracles();
  /** Conversations with a SET or an ACTION that was acknowledged. */
  readonly recorded: Recorded[] = [];
  /** Why conversations ended, by code, and how often. */
  readonly faults = new Map<string, number>();
  /** What was refused by a meter that had nothing to refuse. There must be none. */
  readonly unexpected: Fault[] = [];

  constructor(oracle: ExecutionOracle) {
    this.#oracle = oracle;
  }

  /** The client of that meter, taken for one conversation; undefined: it is in one. */
  take(index: number, client: ClientSap): Caller | undefined {
    const name = `${index} ${client}`;
    const caller = this.#callers.get(name) ?? new Caller(index, client);
    this.#callers.set(name, caller);
    if (caller.busy) return undefined;
    caller.busy = true;
    return caller;
  }

  /** One connection with so many requests; true when all of them were answered. */
  async converse(caller: Caller, port: number, requests: number): Promise<boolean> {
    const { index, client } = caller;
    const recording = new Recording();
    try {
      const tapped = this.nonces.of(secretsOf(index, client).encryptionKey);
      const session = await caller.open(
        recording.tap(tapped.tap(await tcpConnect("127.0.0.1", port), this.titles(index))),
      );
      try {
        for (let at = 0; at < requests; at++) await this.#request(session, at);
        if (this.recorded.length < 10_000) this.recorded.push({ index, client, recording });
      } finally {
        await session.release();
      }
      return true;
    } catch (caught) {
      this.#ended(caught);
      return false;
    } finally {
      caller.busy = false;
    }
  }

  /** The system titles on the lines to a meter. */
  titles(index: number): { readonly client: Uint8Array; readonly server: Uint8Array } {
    return { client: headEnd, server: systemTitleOf(index) };
  }

  async #request(session: Session, at: number): Promise<void> {
    // The first changes something, so that every conversation leaves something to be lost or done twice.
    const dice = at === 0 ? Math.random() * 0.7 : Math.random();
    if (dice > 0.7) {
      await session.get(noted);
      return;
    }
    const number = this.#oracle.next();
    const value = { type: "double-long-unsigned" as const, value: number };
    if (dice > 0.35) await session.set(noted, value);
    else await session.invoke({ ...counted, methodId: 1 }, value);
    this.#oracle.acknowledged(number);
  }

  #ended(caught: unknown): void {
    if (!(caught instanceof Fault)) throw caught;
    this.faults.set(caught.code, (this.faults.get(caught.code) ?? 0) + 1);
    // The line was lost, or there is nobody at the port: as clients find it where a process was killed.
    const lost = ["link-lost", "connection-reset", "connection-refused", "closed", "transport-failed"];
    if (!lost.includes(caught.code)) this.unexpected.push(caught);
  }
}
