import type { Fault } from "@dlmskit/core";
import type { Duplex, DuplexHandlers } from "@dlmskit/transport";

/**
 * One line on which a gateway reaches several meters, one after another: an RS-485 bus, a serial device server. The line is opened for
 * the first request and again after it has failed.
 */
export class SharedLine {
  readonly #open: () => Promise<Duplex>;
  #line: Promise<Duplex> | undefined;
  readonly #stations = new Set<Station>();
  /** The station that sent last: it gets what arrives. */
  #speaker: Station | undefined;
  #turn: Promise<void> = Promise.resolve();

  /** `open`: opens the line (`serialOpen` of @dlmskit/transport/serial, `tcpConnect` of @dlmskit/transport/node). */
  constructor(open: () => Promise<Duplex>) {
    this.#open = open;
  }

  /** Resolves when it is the caller's turn to use the line, with a function that ends the turn. */
  take(): Promise<() => void> {
    const before = this.#turn;
    let over: () => void = () => undefined;
    this.#turn = new Promise((resolve) => {
      over = resolve;
    });
    return before.then(() => over);
  }

  /** The line for one meter. When it ends, the line stays open for the other meters. Faults of the transport. */
  async dial(): Promise<Duplex> {
    this.#line ??= this.#opened();
    try {
      const duplex = await this.#line;
      const station = new Station(duplex, {
        speaks: () => {
          this.#speaker = station;
        },
        left: () => this.#stations.delete(station),
      });
      this.#stations.add(station);
      return station;
    } catch (fault) {
      this.#line = undefined;
      throw fault;
    }
  }

  async #opened(): Promise<Duplex> {
    const duplex = await this.#open();
    duplex.start({
      received: (octets) => {
        if (this.#speaker !== undefined && this.#stations.has(this.#speaker)) this.#speaker.handlers?.received(octets);
      },
      ended: () => duplex.destroy(),
      closed: (fault) => {
        this.#line = undefined;
        for (const station of [...this.#stations]) station.closed(fault);
      },
    });
    return duplex;
  }

  /** Closes the line. */
  async close(): Promise<void> {
    const line = this.#line;
    this.#line = undefined;
    (await line?.catch(() => undefined))?.destroy();
  }
}

interface StationPort {
  speaks(): void;
  left(): void;
}

/** The shared line as one meter's own connection. */
class Station implements Duplex {
  readonly #line: Duplex;
  readonly #port: StationPort;
  handlers: DuplexHandlers | undefined;
  #over = false;

  constructor(line: Duplex, port: StationPort) {
    this.#line = line;
    this.#port = port;
  }

  get remote(): string {
    return this.#line.remote;
  }

  get bufferedOctets(): number {
    return this.#line.bufferedOctets;
  }

  start(handlers: DuplexHandlers): void {
    this.handlers = handlers;
    if (this.#over) this.#tell(undefined);
  }

  send(octets: Uint8Array): void {
    if (this.#over) return;
    this.#port.speaks();
    this.#line.send(octets);
  }

  changeBaudRate(baudRate: number): void {
    this.#line.changeBaudRate?.(baudRate);
  }

  end(): void {
    this.closed(undefined);
  }

  destroy(): void {
    this.closed(undefined);
  }

  /** This station, or the whole line, has ended. */
  closed(fault: Fault | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#port.left();
    this.#tell(fault);
  }

  #tell(fault: Fault | undefined): void {
    queueMicrotask(() => this.handlers?.closed(fault));
  }
}
