import { gatewayKey, gatewayText, withoutGatewayPrefix } from "@dlmskit/apdu";
import { type ClientLink, Fault, type GatewayAddress } from "@dlmskit/core";
import { type Clock, type Duplex, type DuplexHandlers, LinkPump } from "@dlmskit/transport";
import { connect, type Line } from "./connect.ts";
import { isOwnAnswer } from "./gateway-prefix.ts";
import { type ConnectOptions, defaultTimeout } from "./options.ts";
import { PduLink } from "./pdu-link.ts";
import type { Session } from "./session.ts";

/** How long a gateway may take to close after this end has closed, ms. */
const linger = 1000;

export interface GatewayLineOptions {
  readonly clock: Clock;
  /** How long to wait for the data link to the gateway to open, ms; 10,000 by default. */
  readonly timeout?: number;
  /** Called for an APDU of a meter with which there is no session. */
  dropped?(fault: Fault): void;
}

/**
 * One connection to a gateway, for sessions with any number of meters behind it at the same time. All have the client and the logical
 * device of the data link.
 */
export class GatewayLine implements AsyncDisposable {
  readonly #pump: LinkPump<ClientLink>;
  readonly #options: GatewayLineOptions;
  readonly #meters = new Map<string, MeterDuplex>();
  /** The meters that were asked, the one that was asked first at the front. */
  #asked: MeterDuplex[] = [];
  #closed: (() => void) | undefined;
  readonly #over: Promise<void>;

  private constructor(pump: LinkPump<ClientLink>, options: GatewayLineOptions) {
    this.#pump = pump;
    this.#options = options;
    this.#over = new Promise((resolve) => {
      this.#closed = resolve;
    });
  }

  /** Opens the data link to a gateway. Faults `timeout`, `link-lost` and those of the transport. */
  static async open(line: Line, options: GatewayLineOptions): Promise<GatewayLine> {
    const { clock, timeout = defaultTimeout } = options;
    const pump =
      line instanceof LinkPump
        ? line
        : new LinkPump<ClientLink>({ link: line.link, duplex: line.duplex, clock, linger });
    const opened = new GatewayLine(pump, options);
    await opened.#open(timeout);
    return opened;
  }

  #open(timeout: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const late = new Fault("timeout", `the link to the gateway was not opened within ${timeout} ms`, {
        layer: "client",
      });
      const cancel = clock.at(clock.now() + timeout, () => {
        reject(late);
        this.#pump.destroy();
      });
      const lost = (why: string, fault: Fault | undefined): void => {
        cancel();
        const end = new Fault("link-lost", `the connection to the gateway was lost: ${fault?.message ?? why}`, {
          layer: "client",
          ...(fault === undefined ? {} : { cause: fault }),
        });
        reject(end);
        for (const meter of [...this.#meters.values()]) meter.closed(end);
      };
      this.#pump.start({
        received: (pdu) => this.#received(pdu),
        connected: () => {
          cancel();
          resolve();
        },
        disconnected: (why, _, fault) => {
          lost(why, fault);
          this.#pump.end();
        },
        closed: (fault) => {
          lost("closed", fault);
          this.#closed?.();
        },
      });
      this.#pump.connect();
    });
  }

  #received(pdu: Uint8Array): void {
    try {
      const through = withoutGatewayPrefix(pdu);
      const meter = through === undefined ? isOwnAnswer(pdu) && this.#asked[0] : this.#meters.get(gatewayKey(through));
      if (meter === undefined || meter === false) {
        const whose = through === undefined ? "without the prefix of the gateway" : `from ${gatewayText(through)}`;
        this.#options.dropped?.(
          new Fault("unexpected-apdu", `received an APDU ${whose}, with which there is no session`, {
            layer: "association",
          }),
        );
        return;
      }
      this.#asked = this.#asked.filter((one) => one !== meter);
      meter.handlers?.received(pdu);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#options.dropped?.(caught);
    }
  }

  /**
   * Opens an association with a meter behind the gateway. Faults as `connect`, and `already-connected`: there is a session with this
   * meter. When the session is released, the connection to the gateway stays open.
   */
  connect(gateway: GatewayAddress, options: Omit<ConnectOptions, "gateway" | "clock">): Promise<Session> {
    return connect(this.line(gateway), { ...options, gateway, clock: this.#options.clock });
  }

  /**
   * The line to one meter, for functions that take a line: give them the option `gateway` too. Faults `already-connected`, `closed`.
   */
  line(gateway: GatewayAddress): Extract<Line, { readonly duplex: Duplex }> {
    const key = gatewayKey(gateway);
    if (!this.#pump.open) throw new Fault("closed", "the connection to the gateway is closed", { layer: "client" });
    if (this.#meters.has(key)) {
      throw new Fault("already-connected", `there is a session with the meter ${gatewayText(gateway)}`, {
        layer: "client",
        hint: "use that session, or release it first",
      });
    }
    const meter = new MeterDuplex(`${this.#pump.remote} ${gatewayText(gateway)}`, {
      send: (pdu) => {
        this.#asked = [...this.#asked.filter((one) => one !== meter), meter];
        this.#pump.send(pdu);
      },
      left: () => {
        this.#meters.delete(key);
        this.#asked = this.#asked.filter((one) => one !== meter);
      },
    });
    this.#meters.set(key, meter);
    return { duplex: meter, link: new PduLink() };
  }

  /** Ends the connection to the gateway, and all sessions over it. Resolves when it is closed. */
  close(): Promise<void> {
    this.#pump.close();
    return this.#over;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The share of one meter in the connection to its gateway. It carries whole PDUs. */
class MeterDuplex implements Duplex {
  readonly remote: string;
  readonly bufferedOctets = 0;
  readonly datagrams = true;
  readonly #port: { send(pdu: Uint8Array): void; left(): void };
  handlers: DuplexHandlers | undefined;
  #over = false;

  constructor(remote: string, port: { send(pdu: Uint8Array): void; left(): void }) {
    this.remote = remote;
    this.#port = port;
  }

  start(handlers: DuplexHandlers): void {
    this.handlers = handlers;
  }

  send(pdu: Uint8Array): void {
    if (!this.#over) this.#port.send(pdu);
  }

  end(): void {
    this.closed(undefined);
  }

  destroy(): void {
    this.closed(undefined);
  }

  closed(fault: Fault | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#port.left();
    queueMicrotask(() => this.handlers?.closed(fault));
  }
}
