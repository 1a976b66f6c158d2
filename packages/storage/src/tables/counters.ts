import { Fault } from "@dlmskit/core";
import { integer, text } from "../fields.ts";
import { type RowOf, shape, table } from "../shape.ts";

/** The key under which an invocation counter counts. */
export const CounterKey = shape("invocation_counters", {
  meterId: text(100, 1),
  /** Which key of the meter, with its version: the same octets always have the same keyId, other octets another. */
  keyId: text(200, 1),
});
export type CounterKey = RowOf<typeof CounterKey>;

/** A counter received from a peer. */
export const PeerCounterKey = table(
  "peer_counters",
  {
    ...CounterKey.fields,
    /** Who sent it: the peer's system title in hex, or the client's SAP. */
    peer: text(50, 1),
  },
  { key: ["meterId", "keyId", "peer"] },
);
export type PeerCounterKey = RowOf<typeof PeerCounterKey>;

const dedicated = "dedicated key ";

/** Of each client of a meter, how many dedicated keys are known: those that were used last. */
export const dedicatedKeysKept = 64;

/** The keyId of a dedicated key, by a digest of it. */
export const dedicatedKeyId = (digest: string): string => `${dedicated}${digest}`;

export const isDedicated = (keyId: string): boolean => keyId.startsWith(dedicated);

/** The last invocation counter that there is. */
export const lastCounter = 0xffffffff;

export const counterValue = integer(0, lastCounter);
/** How many counters one reservation takes. */
export const counterBlock = integer(1, 0x1000000);

/** Counters that nobody else was given or will be: `from` to `upTo`, both included. */
export interface CounterRange {
  readonly from: number;
  readonly upTo: number;
}

/**
 * Invocation counters, kept so that none is used twice: not after a crash, not by two processes. Of dedicated keys (`dedicatedKeyId`) the
 * counters of the latest 64 of each peer are kept.
 */
export interface Counters {
  /**
   * Reserves the next `block` counters of a key, none below `atLeast` (a counter known to be used from elsewhere), and is
   * durable when it resolves; at the end of the counters it gives fewer. Fault `counter-exhausted`: there is none left;
   * the key must be changed.
   */
  reserve(key: CounterKey, atLeast: number, block: number): Promise<CounterRange>;
  /** The last counter that was reserved; undefined when none was. */
  reserved(key: CounterKey): Promise<number | undefined>;
  /** Keeps the highest counter accepted from a peer; a lower one than kept changes nothing. Gives what is kept now. */
  savePeer(key: PeerCounterKey, counter: number): Promise<number>;
  /** The same for many at once, in one transaction. */
  savePeers(counters: readonly { readonly key: PeerCounterKey; readonly counter: number }[]): Promise<void>;
  /** The highest counter accepted from that peer; undefined when none was. */
  loadPeer(key: PeerCounterKey): Promise<number | undefined>;
}

/** The counter of a key has come to its end. */
export function counterExhausted(key: CounterKey): Fault {
  return new Fault(
    "counter-exhausted",
    `the invocation counters of key ${key.keyId} of meter ${key.meterId} are used up`,
    {
      layer: "storage",
      hint: "change the key: a counter never starts again under the same key",
    },
  );
}
