import { Fault, type Link, type LinkAddress } from "@dlmskit/core";
import { type Cancel, type Clock, Dialler, LinkPump } from "@dlmskit/transport";
import { destinationIn, type PushSettings } from "./push-options.ts";

/** The PDUs to send. */
export interface Parcel {
  readonly pdus: readonly Uint8Array[];
  readonly address: LinkAddress;
  /** The time between two PDUs, ms; 0 by default. */
  readonly gap?: number;
  /** The PDUs are sent as they are, without the data link. */
  readonly raw?: true;
  /** Whether a received PDU confirms the parcel; absent: no confirmation is expected. */
  readonly confirms?: (pdu: Uint8Array) => boolean;
}

export interface LinesPort {
  readonly clock: Clock;
  readonly settings: PushSettings;
}

const gone = (destination: string, cause?: Fault): Fault =>
  new Fault("push-not-sent", `the connection to ${destination} ended before the push was sent`, {
    layer: "server",
    ...(cause === undefined ? {} : { cause }),
  });

interface Waiting {
  readonly parcel: Parcel;
  done(outcome: "sent" | "confirmed"): void;
  failed(fault: Fault): void;
}

// Delay until the first check whether the sent data has left, ms. Each further delay is twice as long.
const firstLook = 1;
const longestLook = 100;

/** One connection to a destination. It sends one parcel at a time. */
class Line {
  readonly #pump: LinkPump<Link>;
  readonly #clock: Clock;
  readonly #destination: string;
  readonly #closed: (line: Line) => void;
  #waiting: Waiting | undefined;
  #idle: Cancel | undefined;

  constructor(pump: LinkPump<Link>, clock: Clock, destination: string, closed: (line: Line) => void) {
    this.#pump = pump;
    this.#clock = clock;
    this.#destination = destination;
    this.#closed = closed;
    pump.start({
      received: (pdu) => {
        if (this.#waiting?.parcel.confirms?.(pdu) === true) this.#waiting.done("confirmed");
      },
      closed: (fault) => {
        this.#idle?.();
        this.#waiting?.failed(gone(this.#destination, fault));
        this.#closed(this);
      },
    });
  }

  get open(): boolean {
    return this.#pump.open;
  }

  /** Checks whether all sent data has left. A transport reports this only if a peer was slow, so the check is repeated soon. */
  #left(again = firstLook): void {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.parcel.confirms !== undefined) return;
    if (this.#pump.duplex.bufferedOctets === 0) {
      waiting.done("sent");
      return;
    }
    const look = (): void => {
      if (this.#waiting === waiting) this.#left(Math.min(2 * again, longestLook));
    };
    this.#clock.at(this.#clock.now() + again, look);
  }

  send(parcel: Parcel, within: number): Promise<"sent" | "confirmed"> {
    this.#idle?.();
    return new Promise((resolve, reject) => {
      const over = (): void => {
        cancel();
        this.#waiting = undefined;
      };
      const failed = (fault: Fault): void => {
        over();
        reject(fault);
      };
      const done = (outcome: "sent" | "confirmed"): void => {
        over();
        resolve(outcome);
      };
      const cancel = this.#clock.at(this.#clock.now() + within, () => failed(this.#late(parcel, within)));
      this.#waiting = { parcel, done, failed };
      try {
        this.#transmit(parcel);
      } catch (cause) {
        failed(cause instanceof Fault ? cause : gone(this.#destination));
        return;
      }
      if (this.#waiting !== undefined && !this.#pump.open) failed(gone(this.#destination));
    });
  }

  /** Sends the PDUs from `from` on. Without a gap they are sent at once. */
  #transmit(parcel: Parcel, from = 0): void {
    const { pdus, gap = 0, raw, address } = parcel;
    const to = gap > 0 ? Math.min(from + 1, pdus.length) : pdus.length;
    for (const pdu of pdus.slice(from, to)) {
      if (raw === true) this.#pump.duplex.send(pdu);
      else this.#pump.send(pdu, address);
    }
    if (to === pdus.length) {
      this.#left();
      return;
    }
    const waiting = this.#waiting;
    this.#clock.at(this.#clock.now() + gap, () => {
      if (waiting === undefined || this.#waiting !== waiting) return;
      try {
        this.#transmit(parcel, to);
      } catch (cause) {
        waiting.failed(cause instanceof Fault ? cause : gone(this.#destination));
      }
    });
  }

  #late({ confirms }: Parcel, within: number): Fault {
    const what = confirms === undefined ? "has not accepted the push" : "has not confirmed the push";
    return new Fault("push-not-sent", `${this.#destination} ${what} within ${within} ms`, { layer: "server" });
  }

  /** There is nothing to send: the connection is kept open for `keep` ms. */
  rest(keep: number): void {
    this.#idle = this.#clock.at(this.#clock.now() + keep, () => this.#pump.end());
  }

  destroy(): void {
    this.#pump.destroy();
  }
}

/** The connections to one destination. */
class Lane {
  readonly idle: Line[] = [];
  readonly waiting: (() => void)[] = [];
  /** Number of connections that are open or being opened. */
  count = 0;
}

/** Connections to destinations, kept for a while and reused. Each destination has a maximum number; if all are busy, a parcel waits. */
export class PushLines {
  readonly #port: LinesPort;
  readonly #lanes = new Map<string, Lane>();
  readonly #lines = new Set<Line>();
  readonly #dialler: Dialler;
  #closed = false;

  constructor(port: LinesPort) {
    this.#port = port;
    const { clock, settings } = port;
    this.#dialler = new Dialler({ clock, circuit: settings.circuit });
  }

  /**
   * Sends PDUs to a destination, in order on one connection. Faults: `push-destination`, `push-not-sent` and those of the
   * transport.
   */
  async send(destination: string, parcel: Parcel): Promise<"sent" | "confirmed"> {
    const { settings } = this.#port;
    const line = await this.#take(destination);
    try {
      const gaps = (parcel.gap ?? 0) * parcel.pdus.length;
      const outcome = await line.send(parcel, settings.confirmation + gaps);
      this.#give(destination, line);
      return outcome;
    } catch (caught) {
      // A PDU that arrives later on this connection could be mistaken for another answer.
      line.destroy();
      throw caught;
    }
  }

  async #take(destination: string): Promise<Line> {
    const known = this.#lanes.get(destination) ?? new Lane();
    this.#lanes.set(destination, known);
    for (;;) {
      if (this.#closed) throw gone(destination);
      const idle = known.idle.pop();
      if (idle?.open === true) return idle;
      if (idle !== undefined) continue;
      if (known.count < this.#port.settings.connectionsPerDestination) return this.#open(destination, known);
      await new Promise<void>((resolve) => known.waiting.push(resolve));
    }
  }

  async #open(destination: string, lane: Lane): Promise<Line> {
    lane.count++;
    try {
      const { scheme, host, port } = destinationIn(destination);
      const { transports } = this.#port.settings;
      const transport = Object.hasOwn(transports, scheme) ? transports[scheme] : undefined;
      if (transport === undefined) {
        throw new Fault("push-destination", `no transport for ${scheme}: destinations is configured`, {
          layer: "server",
          hint: `the configured transports are ${Object.keys(transports).join(", ")}`,
        });
      }
      const duplex = await this.#dialler.open(destination, () => transport.dial(host, port));
      const pump = new LinkPump({ link: transport.link(), duplex, clock: this.#port.clock });
      const line = new Line(pump, this.#port.clock, destination, (ended) => {
        this.#lines.delete(ended);
        this.#freed(destination, lane);
      });
      this.#lines.add(line);
      if (this.#closed) line.destroy();
      return line;
    } catch (fault) {
      this.#freed(destination, lane);
      throw fault;
    }
  }

  #freed(destination: string, lane: Lane): void {
    lane.count--;
    lane.waiting.shift()?.();
    if (lane.count === 0 && lane.waiting.length === 0) this.#lanes.delete(destination);
  }

  #give(destination: string, line: Line): void {
    const lane = this.#lanes.get(destination);
    if (lane === undefined || !line.open) return;
    lane.idle.push(line);
    line.rest(this.#port.settings.keepConnection);
    lane.waiting.shift()?.();
  }

  close(): void {
    this.#closed = true;
    for (const line of [...this.#lines]) line.destroy();
    for (const { waiting } of this.#lanes.values()) for (const go of waiting.splice(0)) go();
  }
}
