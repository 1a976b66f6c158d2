import { Fault, type GatewayAddress, type LinkAddress, stepped } from "@dlmskit/core";
import { gateway, type LinkFactory, type ListenSpec, type Meter, type Route, tcp, udp } from "@dlmskit/server";
import { answerCalls, type Clock, type Duplex, type Listener, waitForCalls } from "@dlmskit/transport";
import { Addresses, portsNeeded } from "../fleet/addresses.ts";
import { GatewayAddresses } from "../fleet/gateway-addresses.ts";
import { datagrams, defaultHost, type Line, type ListenersOptions, linkFactory, portsOf } from "./lines.ts";
import type { ListeningPort, ListenOptions, Reached } from "./options.ts";
import { serialSpec } from "./serial-line.ts";

interface OpenPort {
  readonly listener: Listener;
  /** Host and port of the listener while it is open. */
  readonly host: string;
  readonly port: number;
  /** The place of the port in the line; undefined: the port no longer belongs to the line. */
  place: number | undefined;
}

/** All meters on one link, with the listeners for them. The line can be changed while it is open. */
export class OpenLine {
  readonly #options: ListenersOptions;
  readonly #host: string;
  readonly #advertise: string | undefined;
  readonly #gateway: GatewayAddresses | undefined;
  readonly #modem: boolean | "ring" | "auto";
  line: Line;
  /** The name of the last line that was opened. A line with the same name is not opened again. */
  #made = "";
  #ports: readonly OpenPort[] = [];
  #addresses: Addresses | undefined;

  constructor(
    options: ListenersOptions,
    line: Line,
    how: Pick<ListenOptions, "host" | "advertise" | "modem" | "gateway">,
  ) {
    const { host = defaultHost, advertise, modem = false, gateway: through } = how;
    this.#options = options;
    this.#gateway = through && new GatewayAddresses(options.fleet, through);
    this.#host = host;
    this.#advertise = advertise;
    this.#modem = modem;
    this.line = line;
  }

  /** Opens the listeners of the line. Faults of listeners, with the row of the line. After a Fault nothing of the line is open. */
  async open(): Promise<void> {
    await this.#become(this.line);
  }

  /** Replaces the line by another one. Returns whether anything changed. After a Fault the previous line stays unchanged. */
  async become(line: Line): Promise<boolean> {
    if (this.#made === this.#nameOf(line)) {
      this.line = line;
      return false;
    }
    await this.#become(line);
    return true;
  }

  /** The properties for which open connections and listeners are made. The line of a serial port is one permanent connection. */
  #nameOf({ link, transport, port, serial, taken, space }: Line): string {
    const addresses = link === "hdlc" ? [space.of(0), space.capacity, this.#options.rows.hdlcSettings] : [];
    return JSON.stringify([link, transport, port, serial, [...taken].sort(), addresses]);
  }

  async #become(line: Line): Promise<void> {
    try {
      await this.#take(line);
    } catch (caught) {
      throw line.row === undefined ? caught : ofRow(caught, line.row);
    }
  }

  async #take(line: Line): Promise<void> {
    const { span } = this.#options;
    const { meters } = span;
    const count = portsNeeded(line.space, meters);
    if (line.serial !== undefined && count > 1) {
      throw new Fault("too-many-meters", `${meters} meters are more than ${line.serial.path} can address`, {
        layer: "simulator",
        hint: `one line addresses ${line.space.capacity}`,
      });
    }
    const before = this.line;
    const wanted = portsOf(line, meters);
    // An existing socket uses the new link for connections that are opened from now on.
    const kept = line.serial === undefined && before.serial === undefined && before.transport === line.transport;
    const left = kept ? this.#ports : [];
    if (before.serial?.path !== undefined && before.serial.path === line.serial?.path) await this.#closeAll();
    const ports: OpenPort[] = [];
    const opened: OpenPort[] = [];
    try {
      for (const [place, number] of wanted.entries()) {
        const there = number === 0 ? left[place] : left.find(({ port }) => port === number);
        const port = there ?? (await this.#listen(line, number));
        if (there === undefined) opened.push(port);
        ports.push(port);
      }
    } catch (caught) {
      await Promise.all(opened.map(({ listener }) => listener.close()));
      // The serial port was closed for the new line, so it is opened again.
      if (this.#ports.length === 0 && this.#made !== "") this.#ports = [await this.#listen(before, before.port)];
      for (const [place, port] of this.#ports.entries()) port.place = place;
      throw caught;
    }
    const surplus = this.#ports.filter((port) => !ports.includes(port));
    const { connectableHost } = await import("@dlmskit/transport/node");
    const numbers = ports.map(({ port }) => port);
    this.#addresses = new Addresses(line.space, {
      ...span,
      host: line.serial?.path ?? this.#advertise ?? connectableHost(this.#host),
      ports: line.serial === undefined ? numbers : [line.port],
    });
    for (const [place, port] of ports.entries()) port.place = place;
    this.#ports = ports;
    this.line = line;
    this.#made = this.#nameOf(line);
    await Promise.all(surplus.map(({ listener }) => listener.close()));
  }

  async #listen(line: Line, number: number): Promise<OpenPort> {
    const { server, connections } = this.#options;
    // Requests are answered only when all ports of the line are open.
    let port: OpenPort | undefined;
    const route: Route =
      this.#gateway === undefined
        ? (address) => this.#found(port?.place, address)
        : gateway({ behind: (address) => this.#behind(port?.place, address) });
    const knows = (address: LinkAddress): boolean => server.knows(address, route);
    const spec = this.#specOf(line, number, () => port?.place);
    const at = line.serial?.path ?? this.#host;
    const { systemClock: clock } = await import("@dlmskit/transport/node");
    const serve = (duplex: Duplex): void => server.accept(duplex, spec.link(knows), route);
    const accept = this.#behindModem(line, serve, clock, at);
    const listener: Listener = await spec.listen(accept, connections, {
      ...server.listenLimits,
      failed: (fault) =>
        server.listenerFailed(
          `${this.line.link} on ${line.serial === undefined ? `${at}:${listener.port}` : at}`,
          fault,
        ),
    });
    port = { listener, host: listener.host, port: listener.port, place: undefined };
    return port;
  }

  /** Serves calls in place of connections, if there is a modem. */
  #behindModem(line: Line, serve: (duplex: Duplex) => void, clock: Clock, at: string): (duplex: Duplex) => void {
    const modem = line.serial?.modem ?? this.#modem;
    if (modem === false) return serve;
    if (modem === true) return (duplex) => answerCalls(duplex, { clock, accept: serve });
    const failed = (fault: Fault): void => this.#options.server.listenerFailed(`modem on ${at}`, fault);
    return (duplex) => waitForCalls(duplex, { clock, accept: serve, auto: modem === "auto", failed });
  }

  #specOf(line: Line, number: number, place: () => number | undefined): ListenSpec {
    // The link of the line at the time of the connection.
    const link: LinkFactory = (knows) => {
      const { hdlcSettings } = this.#options.rows;
      const own = this.line.space.capacity === 1 ? hdlcSettings[place() ?? 0] : undefined;
      return linkFactory(this.line.link, own ?? hdlcSettings[0])(knows);
    };
    if (line.serial !== undefined) return serialSpec(line.serial, link, this.#options.readout);
    const at = { host: this.#host };
    return line.transport === "udp" ? udp(number, datagrams, at) : tcp(number, link, at);
  }

  #found(place: number | undefined, address: LinkAddress): ReturnType<Route> {
    const addresses = this.#addresses;
    if (addresses === undefined || place === undefined) return undefined;
    const index = addresses.indexAt(addresses.portAt(place), address);
    return index === undefined ? undefined : { meter: this.#options.meter(index), device: 1 };
  }

  /** The meter behind the gateway of a port. */
  #behind(place: number | undefined, address: GatewayAddress): Meter | undefined {
    const index = this.#gateway?.indexAt(address);
    const addresses = this.#addresses;
    if (index === undefined || addresses === undefined || place === undefined) return undefined;
    const span = addresses.behind(addresses.portAt(place));
    const isHere = span !== undefined && index >= span.first && index < span.first + span.meters;
    return isHere ? this.#options.meter(index) : undefined;
  }

  get ports(): readonly ListeningPort[] {
    const { link, transport, serial, port: first } = this.line;
    return this.#ports.flatMap(({ host, port }) => {
      const meters = this.#addresses?.behind(serial === undefined ? port : first);
      return meters === undefined ? [] : [{ host, port, link, transport, meters }];
    });
  }

  get reached(): readonly Reached[] {
    const { link, transport } = this.line;
    const gateway = this.#gateway && { gateway: this.#gateway };
    return this.#addresses === undefined ? [] : [{ link, transport, addresses: this.#addresses, ...gateway }];
  }

  async #closeAll(): Promise<void> {
    const ports = this.#ports;
    this.#ports = [];
    await Promise.all(ports.map(({ listener }) => listener.close()));
  }

  /** Closes the listeners. The addresses where the line listened stay known. */
  async close(): Promise<void> {
    await Promise.all(this.#ports.map(({ listener }) => listener.close()));
  }
}

/** A Fault of a listener, with the row of the line as its path. */
function ofRow(caught: unknown, id: number): unknown {
  for (const step of ["port_number", `id ${id}`, "communication_ports"]) stepped(caught, step);
  return caught;
}
