import { Fault, type LinkAddress, stepped } from "@dlmskit/core";
import { Station } from "@dlmskit/hdlc";
import { type LinkFactory, type ListenSpec, type Meter, type Route, type Server, tcp, udp } from "@dlmskit/server";
import type { CommunicationPort, HdlcSetting, Stored } from "@dlmskit/storage";
import { answerCalls, type Duplex, type Listener } from "@dlmskit/transport";
import { WrapperDatagramLink, WrapperServerLink } from "@dlmskit/wrapper";
import { type AddressSpace, hdlcSpace, ownPort, wrapperSpace } from "../fleet/address-space.ts";
import { Addresses, portsNeeded } from "../fleet/addresses.ts";
import type { LinkName, TransportName } from "../fleet/identity.ts";
import type { ListeningPort, ListenOptions, Reached, SimulatorListening } from "./options.ts";
import { defaultSerialPath, lineOfRow, type ReadoutOf, type SerialLineOptions, serialSpec } from "./serial-line.ts";

export interface ListenersOptions {
  readonly meters: number;
  meter(index: number): Meter;
  readonly hdlcSettings: readonly HdlcSetting[];
  readonly ports: readonly Stored<CommunicationPort>[];
  readonly server: Server;
  /** Of each listener, at one time. */
  readonly connections: number;
  readonly readout: ReadoutOf;
}

const defaultHost = "127.0.0.1";
const defaultPort = 4059;
const highestPort = 0xffff;
/** Where there is no row of hdlc_settings. */
const defaultLower = 256;

/** The lower HDLC addresses of the first meters, from their rows. */
const lowerOf = (settings: readonly HdlcSetting[]): readonly number[] =>
  settings.length === 0 ? [defaultLower] : settings.map(({ deviceAddress }) => deviceAddress);

/** Meters of one port in memory: by server address, or by a lower HDLC address. */
export function routeInMemory({
  meters,
  meter,
  hdlcSettings,
}: Omit<ListenersOptions, "server" | "ports" | "readout">): Route {
  const [byServer, byLower] = [wrapperSpace(), hdlcSpace(lowerOf(hdlcSettings))];
  return (address) => {
    const place = (address.physical === undefined ? byServer : byLower).placeAt(address);
    return place === undefined || place >= meters ? undefined : { meter: meter(place), device: 1 };
  };
}

/** Where meters are as long as nothing listens: behind the first port of the wrapper, as the rows have it. */
export function addressesOfRows(meters: number, rows: readonly CommunicationPort[]): Addresses {
  const row = rows.find((one) => one.portType === "TCP" && linkOf(one) === "wrapper" && one.portNumber > 0);
  return new Addresses(wrapperSpace(), { meters, host: defaultHost, ports: row?.portNumber ?? defaultPort });
}

const datagrams: LinkFactory = () => new WrapperDatagramLink();
const wrapper: LinkFactory = (knows) => new WrapperServerLink({ accepts: (server) => knows({ client: 0, server }) });

function hdlc(setting: HdlcSetting | undefined): LinkFactory {
  return (knows) =>
    new Station({
      addresses: ({ upper, lower }) =>
        knows({ client: 0, server: upper, ...(lower === undefined ? {} : { physical: lower }) }),
      ...(setting === undefined
        ? {}
        : {
            maxInfoSend: setting.maxInfoFieldLenTransmit,
            maxInfoReceive: setting.maxInfoFieldLenReceive,
            windowSend: setting.windowSizeTransmit,
            windowReceive: setting.windowSizeReceive,
            interOctet: setting.interOctetTimeout,
            inactivity: setting.inactivityTimeout * 1000,
          }),
    });
}

/** What a row is served as. A TCP port with the settings of a line is a serial device server's. */
function linkOf({ portType, baudRate }: CommunicationPort): LinkName {
  if (portType === "SERIAL") return "hdlc";
  return portType === "TCP" && baudRate !== undefined ? "hdlc" : "wrapper";
}

/** All meters by one link, behind as many ports as they need. */
interface Line {
  readonly link: LinkName;
  readonly transport: TransportName;
  readonly space: AddressSpace;
  /** The first port, 0 for any that is free; the others count on from it. */
  readonly port: number;
  /** Instead of a port. */
  readonly serial?: SerialLineOptions;
  /** Ports that are somebody else's. */
  readonly taken: ReadonlySet<number>;
  /** The row of `communication_ports` that asks for it, by id. */
  readonly row?: number;
}

function linesOf(options: ListenersOptions, how: ListenOptions): Line[] {
  const { hdlcSettings, ports: rows } = options;
  const { link: wanted, transport = "tcp", port, ports: style = "one", serial, serialPath = defaultSerialPath } = how;
  const spaceOf = (link: LinkName): AddressSpace =>
    link === "wrapper" ? wrapperSpace() : hdlcSpace(lowerOf(hdlcSettings));
  const onSerial = (line: SerialLineOptions, row?: number): Line => ({
    ...{ link: "hdlc", transport: "serial", space: spaceOf("hdlc"), serial: line, taken: new Set() },
    // A line has no port; the addresses behind it are those of one.
    port: 1,
    ...(row === undefined ? {} : { row }),
  });
  if (serial !== undefined) return [onSerial(serial)];
  if (wanted === undefined && how.transport === undefined && port === undefined && style === "one") {
    const taken = new Set(rows.filter(({ portType }) => portType !== "SERIAL").map(({ portNumber }) => portNumber));
    return rows.flatMap((row) => {
      const link = linkOf(row);
      if (row.portType === "SERIAL") return [onSerial(lineOfRow(row, serialPath(row.portNumber)), row.id)];
      const transport = row.portType === "UDP" ? "udp" : "tcp";
      return [{ link, transport, space: spaceOf(link), port: row.portNumber, taken, row: row.id }];
    });
  }
  const link = wanted ?? "wrapper";
  if (how.modem === true && transport === "udp") {
    const hint = "use TCP, or a serial line";
    throw new Fault("bad-value", "a modem is not reached over UDP", { layer: "simulator", hint });
  }
  if (link === "hdlc" && transport === "udp") {
    throw new Fault("bad-value", "HDLC is not spoken over UDP", {
      layer: "simulator",
      hint: "use the wrapper over UDP, or HDLC over TCP",
    });
  }
  const space = style === "one" ? spaceOf(link) : ownPort(link === "hdlc" ? lowerOf(hdlcSettings)[0] : undefined);
  return [{ link, transport, space, port: port ?? defaultPort, taken: new Set() }];
}

/** The ports of a line. Fault `too-many-meters` where there are not as many. */
export function portsOf({ space, port, taken }: Pick<Line, "space" | "port" | "taken">, meters: number): number[] {
  const count = portsNeeded(space, meters);
  if (port === 0) return Array.from({ length: count }, () => 0);
  const ports = [port];
  for (let next = port + 1; ports.length < count && next <= highestPort; next++) if (!taken.has(next)) ports.push(next);
  if (ports.length === count) return ports;
  throw new Fault("too-many-meters", `${meters} meters need ${count} ports, from ${port} on there are not as many`, {
    layer: "simulator",
    hint: `one port addresses ${space.capacity}`,
  });
}

/** A Fault of a listener with the row that asks for it as its path. */
function ofRow(caught: unknown, id: number): unknown {
  for (const step of ["port_number", `id ${id}`, "communication_ports"]) stepped(caught, step);
  return caught;
}

/** Listens where the rows say, or where the options do. */
export async function listen(options: ListenersOptions, how: ListenOptions): Promise<SimulatorListening> {
  const { meters, meter, hdlcSettings, server, connections, readout } = options;
  const { host = defaultHost } = how;
  const { connectableHost, systemClock } = await import("@dlmskit/transport/node");
  const listeners: Listener[] = [];
  const ports: ListeningPort[] = [];
  const reached: Reached[] = [];
  let missing: Fault | undefined;
  const close = async (): Promise<void> => {
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  };
  const open = async (line: Line, port: number, index: number, route: Route): Promise<Listener> => {
    const setting = hdlcSettings[line.space.capacity === 1 ? index : 0] ?? hdlcSettings[0];
    const link = line.link === "hdlc" ? hdlc(setting) : wrapper;
    if (line.serial !== undefined) return openOn(line, serialSpec(line.serial, link, readout), line.serial.path, route);
    const spec = line.transport === "udp" ? udp(port, datagrams, { host }) : tcp(port, link, { host });
    return openOn(line, spec, host, route);
  };
  const openOn = async (line: Line, spec: ListenSpec, at: string, route: Route): Promise<Listener> => {
    const knows = (address: LinkAddress): boolean => server.knows(address, route);
    const serve = (duplex: Duplex): void => server.accept(duplex, spec.link(knows), route);
    const accept =
      how.modem === true ? (duplex: Duplex) => answerCalls(duplex, { clock: systemClock, accept: serve }) : serve;
    const listener: Listener = await spec.listen(accept, connections, {
      ...server.listenLimits,
      failed: (fault) =>
        server.listenerFailed(`${line.link} on ${line.serial === undefined ? `${at}:${listener.port}` : at}`, fault),
    });
    listeners.push(listener);
    return listener;
  };
  try {
    for (const line of linesOf(options, how)) {
      let addresses: Addresses | undefined;
      const opened: Listener[] = [];
      try {
        const count = portsNeeded(line.space, meters);
        if (line.serial !== undefined && count > 1) {
          throw new Fault("too-many-meters", `${meters} meters are more than ${line.serial.path} can address`, {
            layer: "simulator",
            hint: `one line addresses ${line.space.capacity}`,
          });
        }
        for (const [index, port] of portsOf(line, meters).entries()) {
          // Requests are answered when all ports of the line are open.
          const route: Route = (address) => {
            const found = addresses?.indexAt(addresses.portAt(index), address);
            return found === undefined ? undefined : { meter: meter(found), device: 1 };
          };
          opened.push(await open(line, port, index, route));
        }
      } catch (caught) {
        const fault = line.row === undefined ? caught : ofRow(caught, line.row);
        // A row whose device is not plugged in keeps nobody from the others.
        if (line.row === undefined || line.serial === undefined || !(fault instanceof Fault)) throw fault;
        server.listenerFailed(`hdlc on ${line.serial.path} (communication_ports id ${line.row}, port_number)`, fault);
        missing ??= fault;
        continue;
      }
      const { link, transport } = line;
      addresses = new Addresses(line.space, {
        meters,
        host: line.serial?.path ?? connectableHost(host),
        ports: line.serial === undefined ? opened.map(({ port }) => port) : [line.port],
      });
      reached.push({ link, transport, addresses });
      for (const { host: at, port } of opened) {
        const behind = addresses.behind(line.serial === undefined ? port : line.port);
        if (behind !== undefined) ports.push({ host: at, port, link, transport, meters: behind });
      }
    }
    if (ports.length === 0) {
      if (missing !== undefined) throw missing;
      throw new Fault("no-port", "there is no port to listen on", {
        layer: "simulator",
        hint: "add a row to communication_ports, or name a port",
      });
    }
  } catch (caught) {
    await close();
    throw caught;
  }
  return { ports, reached, close, [Symbol.asyncDispose]: close };
}
