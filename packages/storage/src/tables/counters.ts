import { Fault } from "@dlmskit/core";
import { integer, text } from "../fields.ts";
import { type RowOf, shape, table } from "../shape.ts";

/** The key of an invocation counter. */
export const CounterKey = shape("invocation_counters", {
  meterId: text(100, 1),
  /** Identifies the key of the meter and its version. The same octets always have the same keyId, different octets have a different one. */
  keyId: text(200, 1),
});
export type CounterKey = RowOf<typeof CounterKey>;

/** Identifies a counter received from a peer. */
export const PeerCounterKey = table(
  "peer_counters",
  {
    ...CounterKey.fields,
    /** The sender: the peer's system title in hex, or the client's SAP. */
    peer: text(50, 1),
  },
  { key: ["meterId", "keyId", "peer"] },
);
export type PeerCounterKey = RowOf<typeof PeerCounterKey>;

const dedicated = "dedicated key ";

/** The number of dedicated keys that are stored for each client of a meter: the latest ones. */
export const dedicatedKeysKept = 64;

/** The keyId of a dedicated key, from its digest. */
export const dedicatedKeyId = (digest: string): string => `${dedicated}${digest}`;

export const isDedicated = (keyId: string): boolean => keyId.startsWith(dedicated);

/** The highest invocation counter. */
export const lastCounter = 0xffffffff;

export const counterValue = integer(0, lastCounter);
/** The number of counters in one reservation. */
export const counterBlock = integer(1, 0x1000000);

/** Reserved counters, `from` to `upTo`, both inclusive. No other caller gets them. */
export interface CounterRange {
  readonly from: number;
  readonly upTo: number;
}

/**
 * Invocation counters. They are stored so that none is used twice, even after a crash or by two processes. For dedicated keys
 * (`dedicatedKeyId`) the counters of the latest 64 keys of each peer are kept.
 */
export interface Counters {
  /**
   * Reserves the next `block` counters of a key. None is below `atLeast` (a counter that is known to be used). The reservation is
   * durable when the promise resolves. Near the highest counter it reserves fewer. Fault `counter-exhausted`: there is no counter
   * left, and the key must be changed.
   */
  reserve(key: CounterKey, atLeast: number, block: number): Promise<CounterRange>;
  /** The last reserved counter. Undefined if none was reserved. */
  reserved(key: CounterKey): Promise<number | undefined>;
  /** Stores the highest counter accepted from a peer. A counter lower than the stored one changes nothing. Returns the stored counter. */
  savePeer(key: PeerCounterKey, counter: number): Promise<number>;
  /** The same for many counters at once, in one transaction. */
  savePeers(counters: readonly { readonly key: PeerCounterKey; readonly counter: number }[]): Promise<void>;
  /** The highest counter accepted from that peer. Undefined if there is none. */
  loadPeer(key: PeerCounterKey): Promise<number | undefined>;
}

/** The Fault if a key has no invocation counter left. */
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
