import { Fault } from "@dlmskit/core";
import { Station } from "@dlmskit/hdlc";
import { MbusServerLink } from "@dlmskit/mbus";
import type { LinkFactory, Meter, Route, Server } from "@dlmskit/server";
import type { CommunicationPort, HdlcSetting, Stored } from "@dlmskit/storage";
import { WrapperDatagramLink, WrapperServerLink } from "@dlmskit/wrapper";
import { type AddressSpace, hdlcSpace, mbusSpace, ownPort, wrapperSpace } from "../fleet/address-space.ts";
import { Addresses, portsNeeded, type Span } from "../fleet/addresses.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { gatewaySpace } from "../fleet/gateway-addresses.ts";
import type { LinkName, TransportName } from "../fleet/identity.ts";
import { badRow } from "./bad-row.ts";
import type { ListenOptions } from "./options.ts";
import { defaultSerialPath, lineOfRow, type ReadoutOf, type SerialLineOptions } from "./serial-line.ts";

/** The current rows that define lines. */
export interface LineRows {
  readonly hdlcSettings: readonly Stored<HdlcSetting>[];
  readonly ports: readonly Stored<CommunicationPort>[];
}

export interface ListenersOptions {
  /** The meters that are reached here. */
  readonly span: Span;
  meter(index: number): Meter;
  readonly rows: LineRows;
  readonly server: Server;
  /** Maximum number of connections of each listener at one time. */
  readonly connections: number;
  readonly readout: ReadoutOf;
  readonly fleet: Fleet;
}

export const defaultHost = "127.0.0.1";
const defaultPort = 4059;
const highestPort = 0xffff;
/** Used if there is no row of hdlc_settings. */
const defaultLower = 256;

/** The lower HDLC addresses of the first meters, from their rows. Fault `bad-row`. */
function lowerOf(settings: readonly Stored<HdlcSetting>[]): readonly number[] {
  const given: number[] = [];
  for (const { id, deviceAddress } of settings) {
    given.push(deviceAddress);
    try {
      hdlcSpace(given);
    } catch (caught) {
      throw caught instanceof Fault ? badRow("hdlc_settings", id, "deviceAddress", caught.message) : caught;
    }
  }
  return given.length === 0 ? [defaultLower] : given;
}

/** The HDLC addresses that rows assign to meters. Fault `bad-row`. */
export const spaceOfRows = (settings: readonly Stored<HdlcSetting>[]): AddressSpace => hdlcSpace(lowerOf(settings));

/** Routes to the meters of one port in memory: by server address, by a lower HDLC address, or by a primary address. */
export function routeInMemory({ span, meter, rows }: Pick<ListenersOptions, "span" | "meter" | "rows">): Route {
  const byServer = wrapperSpace();
  const byPrimary = mbusSpace();
  let known = rows.hdlcSettings;
  let byLower = spaceOfRows(known);
  return (address) => {
    if (known !== rows.hdlcSettings) {
      known = rows.hdlcSettings;
      byLower = spaceOfRows(known);
    }
    const byPhysical = address.line === "mbus" ? byPrimary : byLower;
    const place = (address.physical === undefined ? byServer : byPhysical).placeAt(address);
    return place === undefined || place >= span.meters ? undefined : { meter: meter(span.first + place), device: 1 };
  };
}

/** The addresses of the meters while nothing listens: behind the first port of the wrapper in the rows. */
export function addressesOfRows(span: Span, rows: readonly CommunicationPort[]): Addresses {
  const row = rows.find((one) => one.portType === "TCP" && linkOf(one) === "wrapper" && one.portNumber > 0);
  return new Addresses(wrapperSpace(), { ...span, host: defaultHost, ports: row?.portNumber ?? defaultPort });
}

export const datagrams: LinkFactory = () => new WrapperDatagramLink();
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

const mbus: LinkFactory = (knows) =>
  new MbusServerLink({ addresses: (physical) => knows({ client: 0, server: 1, physical, line: "mbus" }) });

/** The meters' end of a data link, in HDLC with the settings of a row. */
export const linkFactory = (link: LinkName, setting: HdlcSetting | undefined): LinkFactory =>
  ({ wrapper, mbus, hdlc: hdlc(setting) })[link];

/** The usual settings of wired M-Bus. */
const mbusSettings = { baudRate: 2400, parity: "even" } as const;

/** Wired M-Bus has 8 data bits and even parity (EN 13757-2); HDLC has no parity. */
const isMbus = ({ dataBits = 8, parity, flowControl = "NONE" }: CommunicationPort): boolean =>
  dataBits === 8 && parity === "EVEN" && flowControl === "NONE";

/** The data link of a row. A TCP port with the settings of a serial line belongs to a serial device server. */
function linkOf(row: CommunicationPort): LinkName {
  const { portType, baudRate } = row;
  const isSerial = portType === "SERIAL" || (portType === "TCP" && baudRate !== undefined);
  if (!isSerial) return "wrapper";
  return isMbus(row) ? "mbus" : "hdlc";
}

/** All meters on one link, behind as many ports as they need. */
export interface Line {
  readonly link: LinkName;
  readonly transport: TransportName;
  readonly space: AddressSpace;
  /** The first port; the other ports are counted up from it. 0: any free ports. */
  readonly port: number;
  /** The serial line, in place of a port. */
  readonly serial?: SerialLineOptions;
  /** Ports that other lines use. */
  readonly taken: ReadonlySet<number>;
  /** The id of the row of `communication_ports` that defines the line. */
  readonly row?: number;
}

/** The lines to listen on, as rows and options specify. Faults `bad-row`, `bad-value`. */
export function linesOf({ hdlcSettings, ports: rows }: LineRows, how: ListenOptions, meters: number): Line[] {
  const { link: wanted, transport = "tcp", port, ports: style = "one", serial, serialPath = defaultSerialPath } = how;
  const behind = how.gateway && gatewaySpace(meters, how.gateway);
  const spaceOf = (link: LinkName): AddressSpace =>
    behind ?? (link === "wrapper" ? wrapperSpace() : link === "mbus" ? mbusSpace() : spaceOfRows(hdlcSettings));
  const onSerial = (settings: SerialLineOptions, link: LinkName, row?: number): Line => {
    const line = link === "mbus" ? { ...mbusSettings, ...settings } : settings;
    return {
      ...{ link, transport: "serial", space: spaceOf(link), serial: line, taken: new Set() },
      // A serial line has no port. Its addresses are those of one port.
      port: 1,
      ...(row === undefined ? {} : { row }),
    };
  };
  if (serial !== undefined) {
    const modem = typeof how.modem === "string" ? { modem: how.modem } : {};
    return [onSerial({ ...serial, ...modem }, wanted === "mbus" ? "mbus" : "hdlc")];
  }
  if (wanted === undefined && how.transport === undefined && port === undefined && style === "one") {
    const taken = new Set(rows.filter(({ portType }) => portType !== "SERIAL").map(({ portNumber }) => portNumber));
    return rows.flatMap((row) => {
      const link = linkOf(row);
      if (row.portType === "SERIAL") return [onSerial(lineOfRow(row, serialPath(row.portNumber)), link, row.id)];
      const transport = row.portType === "UDP" ? "udp" : "tcp";
      return [{ link, transport, space: spaceOf(link), port: row.portNumber, taken, row: row.id }];
    });
  }
  const link = wanted ?? "wrapper";
  if (how.modem !== undefined && how.modem !== false && transport === "udp") {
    const hint = "use TCP, or a serial line";
    throw new Fault("bad-value", "a modem is not reached over UDP", { layer: "simulator", hint });
  }
  if (link !== "wrapper" && transport === "udp") {
    const name = link === "mbus" ? "M-Bus" : "HDLC";
    throw new Fault("bad-value", `${name} is not spoken over UDP`, {
      layer: "simulator",
      hint: `use the wrapper over UDP, or ${name} over TCP`,
    });
  }
  const space =
    style === "one" || behind !== undefined
      ? spaceOf(link)
      : link === "mbus"
        ? mbusSpace(1)
        : ownPort(link === "hdlc" ? lowerOf(hdlcSettings)[0] : undefined);
  return [{ link, transport, space, port: port ?? defaultPort, taken: new Set() }];
}

/** The ports of a line. Fault `too-many-meters` if there are not enough ports. */
export function portsOf({ space, port, taken }: Pick<Line, "space" | "port" | "taken">, meters: number): number[] {
  const count = portsNeeded(space, meters);
  if (port === 0) return Array.from({ length: count }, () => 0);
  const ports = [port];
  for (let next = port + 1; ports.length < count && next <= highestPort; next++) if (!taken.has(next)) ports.push(next);
  if (ports.length === count) return ports;
  throw new Fault("too-many-meters", `${meters} meters need ${count} ports, from ${port} on there are not as many`, {
    layer: "simulator",
    hint: `one port can address ${space.capacity}`,
  });
}
