import type { Unasked } from "@dlmskit/core";
import type { Clock } from "@dlmskit/transport";
import type { Tap, TapMessage, TapVerdict } from "../access/taps.ts";
import { TappedLine } from "./tapped-line.ts";

export interface SessionTapsPort {
  readonly tap: Tap;
  /** The data that a tap gets in addition to the octets. */
  about(): Omit<TapMessage, "at" | "way" | "octets">;
}

/** The taps of a session; undefined: there is no tap. */
export const tapsOf = (tap: Tap | undefined, about: SessionTapsPort["about"]): SessionTaps | undefined =>
  tap === undefined ? undefined : new SessionTaps({ tap, about });

const octetsOf = (verdict: TapVerdict | undefined): Uint8Array | undefined =>
  verdict !== undefined && "octets" in verdict ? verdict.octets : undefined;

/** Applies a tap to the APDUs of one session: to plain and sealed APDUs, in both directions. */
export class SessionTaps {
  readonly #port: SessionTapsPort;
  readonly #incoming = new TappedLine();
  readonly #outgoing = new TappedLine();
  /** Delays by a tap at the plain APDU, ms: for the next served request and for the next sent APDU. */
  #serveLater = 0;
  #sendLater = 0;

  constructor(port: SessionTapsPort) {
    this.#port = port;
  }

  #look(at: TapMessage["at"], way: TapMessage["way"], octets: Uint8Array): TapVerdict | undefined {
    return this.#port.tap({ at, way, octets, ...this.#port.about() });
  }

  /** Calls `arrived` with each PDU that the tap passes, at the time when it passes. */
  received(pdu: Uint8Array, now: number, arrived: (pdu: Uint8Array) => void): void {
    this.#incoming.pass(pdu, this.#look("sealed", "received", pdu), now, arrived);
  }

  /** The plain APDU after the tap; undefined: the tap dropped it. */
  plain(way: TapMessage["way"], apdu: Uint8Array): Uint8Array | undefined {
    const verdict = this.#look("plain", way, apdu);
    if (verdict?.do === "drop") return undefined;
    if (verdict?.do === "delay") {
      if (way === "received") this.#serveLater += verdict.ms;
      else this.#sendLater += verdict.ms;
    }
    return octetsOf(verdict) ?? apdu;
  }

  /** Resolves when a delayed request is to be served (once per request); undefined: it is served now. */
  servesLater(clock: Clock): Promise<void> | undefined {
    const later = this.#serveLater;
    this.#serveLater = 0;
    return later === 0 ? undefined : new Promise((resolve) => clock.at(clock.now() + later, resolve));
  }

  /** The unsolicited PDUs that the tap passes; `send` is called with delayed PDUs. */
  unasked({ pdus, left }: Unasked, now: () => number, send: (pdu: Uint8Array) => void): Unasked {
    const passed = (): readonly Uint8Array[] => {
      const all: Uint8Array[] = [];
      let atOnce = true;
      for (const pdu of pdus()) this.sent(pdu, now(), (octets) => (atOnce ? void all.push(octets) : send(octets)));
      atOnce = false;
      return all;
    };
    return { pdus: passed, left };
  }

  sent(pdu: Uint8Array, now: number, send: (pdu: Uint8Array) => void): void {
    const later = this.#sendLater;
    this.#sendLater = 0;
    const verdict = this.#look("sealed", "sent", pdu);
    if (later === 0 || verdict?.do === "drop") {
      this.#outgoing.pass(pdu, verdict, now, send);
      return;
    }
    const ms = later + (verdict?.do === "delay" ? verdict.ms : 0);
    this.#outgoing.pass(pdu, { do: "delay", ms, octets: octetsOf(verdict) ?? pdu }, now, send);
  }

  /** The time at which the first delayed PDU passes; undefined: no PDU is delayed. */
  get deadline(): number | undefined {
    const [incoming, outgoing] = [this.#incoming.deadline, this.#outgoing.deadline];
    return incoming === undefined || (outgoing !== undefined && outgoing < incoming) ? outgoing : incoming;
  }

  expire(now: number): void {
    this.#incoming.expire(now);
    this.#outgoing.expire(now);
  }
}
