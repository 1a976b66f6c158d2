import { Fault } from "@dlmskit/core";
import type { KnownMeter } from "../meter/meter-identity.ts";

/** The data that a tap sees: the plain APDU, the protected APDU, or the octets of the data link. */
export type TapPlace = "plain" | "sealed" | "link";

/** One APDU, or a part of the octets of a link, that passes the tap. */
export interface TapMessage {
  readonly at: TapPlace;
  readonly way: "received" | "sent";
  readonly octets: Uint8Array;
  /** The remote end of the transport. */
  readonly remote: string;
  /** Time on the clock of the machine, ms. */
  readonly now: number;
  /** The meter, and the SAPs of the client and of the logical device; undefined for the octets of a link. */
  readonly meter?: KnownMeter;
  readonly client?: number;
  readonly device?: number;
}

/** What happens to a message. While a message is delayed, nothing overtakes it: later messages wait behind it. */
export type TapVerdict =
  | { readonly do: "pass" }
  | { readonly do: "drop" }
  | { readonly do: "replace"; readonly octets: Uint8Array }
  | { readonly do: "delay"; readonly ms: number; readonly octets?: Uint8Array };

/**
 * Sees each message and can decide what happens to it; undefined lets it pass. Use a tap for a trace, a capture file, or a fault or
 * special behaviour of a meter. A tap is outside the meter: a message that it drops is as if it was never sent or never received.
 */
export type Tap = (message: TapMessage) => TapVerdict | undefined;

/** A rule of a tap: selects messages and says what happens to them. */
export interface TapRule {
  readonly at: TapPlace;
  /** The direction; both directions by default. */
  readonly way?: TapMessage["way"];
  /** The id of the meter and the SAP of the client; any by default. */
  readonly meter?: string;
  readonly client?: number;
  /** The remote end of the transport; any by default. */
  readonly remote?: string;
  /** The first octet of the message: the tag of an APDU. */
  readonly tag?: number;
  /** Number of the first matching message that the rule applies to, counted from 1, and how many; by default from the first, no limit. */
  readonly from?: number;
  readonly count?: number;
  readonly verdict: TapVerdict | { readonly do: "flip"; readonly octet: number; readonly mask: number };
}

/** Creates a tap from rules: the first matching rule decides. Fault `bad-value` for a rule that can match no message. */
export function tapOf(rules: readonly TapRule[]): Tap {
  for (const [at, rule] of rules.entries()) check(rule, at);
  const seen = rules.map(() => 0);
  return (message) => {
    for (const [at, rule] of rules.entries()) {
      if (!fits(rule, message)) continue;
      seen[at] = (seen[at] as number) + 1;
      const number = seen[at] as number;
      const { from = 1, count = Number.POSITIVE_INFINITY } = rule;
      if (number < from || number >= from + count) continue;
      return verdictOf(rule, message);
    }
    return undefined;
  };
}

function fits(rule: TapRule, { at, way, meter, client, remote, octets }: TapMessage): boolean {
  return (
    rule.at === at &&
    (rule.way === undefined || rule.way === way) &&
    (rule.meter === undefined || rule.meter === meter?.id) &&
    (rule.client === undefined || rule.client === client) &&
    (rule.remote === undefined || rule.remote === remote) &&
    (rule.tag === undefined || rule.tag === octets[0])
  );
}

/** The verdict of a rule, where a negative octet position counts from the end. */
function verdictOf({ verdict }: TapRule, { octets }: TapMessage): TapVerdict {
  if (verdict.do !== "flip") return verdict;
  const altered = octets.slice();
  const at = verdict.octet < 0 ? altered.length + verdict.octet : verdict.octet;
  if (at in altered) altered[at] = (altered[at] as number) ^ verdict.mask;
  return { do: "replace", octets: altered };
}

function check({ at, meter, client, from = 1, count = 1, verdict }: TapRule, index: number): void {
  const bad = (message: string): Fault => new Fault("bad-value", `tap rule ${index}: ${message}`, { layer: "server" });
  if (at === "link" && (meter !== undefined || client !== undefined)) {
    throw bad("octets of a link cannot be selected by meter or client");
  }
  if (!(from >= 1 && count >= 1)) throw bad("messages are counted from 1");
  if (verdict.do === "delay" && !(verdict.ms >= 0)) throw bad(`a delay of ${verdict.ms} ms is not possible`);
}

/** Combines several taps: each tap sees the messages that the previous one passes. The delays add up. */
export function allTaps(taps: readonly Tap[]): Tap | undefined {
  if (taps.length < 2) return taps[0];
  return (message) => {
    let { octets } = message;
    let ms = 0;
    for (const tap of taps) {
      const verdict = tap({ ...message, octets });
      if (verdict === undefined || verdict.do === "pass") continue;
      if (verdict.do === "drop") return verdict;
      octets = verdict.octets ?? octets;
      if (verdict.do === "delay") ms += verdict.ms;
    }
    return ms > 0 ? { do: "delay", ms, octets } : { do: "replace", octets };
  };
}
