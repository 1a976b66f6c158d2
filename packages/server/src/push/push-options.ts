import { Fault, type GatewayAddress, type Link } from "@dlmskit/core";
import type { CircuitOptions, Duplex } from "@dlmskit/transport";
import type { Meter } from "../meter/meter.ts";
import type { KnownMeter } from "../meter/meter-identity.ts";
import type { AlterPush } from "./push-alteration.ts";

/** The transport of pushes to the destinations of one scheme. */
export interface PushTransport {
  /** Opens a connection. */
  dial(host: string, port: number): Promise<Duplex>;
  /** Creates the server side of the data link on the connection. Its `send` sends an unsolicited PDU. */
  link(): Link;
}

export interface PushOptions {
  /** Transports by scheme: `tcp` is the scheme of `tcp://host:port`. Messages to other schemes fail. */
  readonly transports: { readonly [scheme: string]: PushTransport };
  /**
   * Returns the meter of an id, for messages that were put in the queue before this process started, or by another process. Messages
   * of unknown meters are left for other processes. By default only the meters that the server runs are known.
   */
  readonly meter?: (id: string) => Meter | undefined;
  /** The address of a meter behind a gateway: its pushes have the prefix of the gateway (tag E7). By default no meter is behind one. */
  readonly gateway?: (meter: KnownMeter) => GatewayAddress | undefined;
  /** Alters what meters push, in place of what they would send. By default nothing is altered. */
  readonly alter?: AlterPush;
  /** Maximum number of messages that are sent at the same time; 32 by default. */
  readonly atOnce?: number;
  /** Maximum number of connections to one destination; 4 by default. */
  readonly connectionsPerDestination?: number;
  /** How long an unused connection is kept for the next message, ms; 10,000 by default. */
  readonly keepConnection?: number;
  /**
   * After how many failed connections no further one is opened to a destination for a while: messages for it then fail with
   * `circuit-open`, and are sent again as after any failed attempt. By default after 5 failures within 10 s for 1 s, up to 10 s after
   * failed trials; `false`: every message tries.
   */
  readonly circuit?: CircuitOptions | false;
  /** How long to wait for a DataNotification-Confirm, ms of the machine's clock; 10,000 by default. */
  readonly confirmation?: number;
  /** How long a worker may take for a message, ms of real time, before another worker gets it; 60,000 by default. */
  readonly lease?: number;
  /** How often the queue is checked for messages of other processes, ms of the machine's clock; 30,000 by default. */
  readonly lookEvery?: number;
  /** How long finished messages stay in the queue, ms of simulated time; one day by default. */
  readonly keep?: number;
}

type Optional = "meter" | "gateway" | "alter";
export type PushSettings = Required<Omit<PushOptions, Optional>> & Pick<PushOptions, Optional>;

// Part of the lease that is reserved for recording the result, ms.
const recording = 5000;

/** How long a message may take to be sent, ms, so that its confirmation and the record of the result come before its lease ends. */
export const longestSending = ({ lease, confirmation }: Pick<PushSettings, "lease" | "confirmation">): number =>
  Math.max(lease / 2, lease - confirmation - recording);

const usual = { confirmation: 10_000, lease: 60_000 } as const;

/** How long sending a push may take if the options of pushes do not say otherwise, ms. */
export const usualLongestSending = longestSending(usual);

export const pushSettings = (options: PushOptions): PushSettings => ({
  ...{ atOnce: 32, connectionsPerDestination: 4, keepConnection: 10_000, ...usual },
  ...{ lookEvery: 30_000, keep: 86_400_000 },
  circuit: { failures: 5, within: 10_000, openFor: 1000, longest: 10_000 },
  ...options,
});

/** A parsed destination of the queue. */
export interface Destination {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
}

/** Parses a destination such as `tcp://host:port`. Fault `push-destination`. */
export function destinationIn(text: string): Destination {
  const [, scheme, plain, bracketed, port] = /^([a-z]+):\/\/(?:([^[\]:/@]+)|\[([^\]]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const host = plain ?? bracketed;
  if (scheme !== undefined && host !== undefined && Number(port) >= 1 && Number(port) <= 65_535) {
    return { scheme, host, port: Number(port) };
  }
  throw new Fault("push-destination", `"${text}" is not a destination`, {
    layer: "server",
    hint: "write destinations as tcp://host:port",
  });
}
