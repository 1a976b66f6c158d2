import { Fault, type LinkAddress } from "@dlmskit/core";
import { Station } from "@dlmskit/hdlc";
import { type Listening, type Meter, type Route, type ServeOptions, serve, tcp } from "@dlmskit/server";
import type { CommunicationPort, HdlcSetting, Stored } from "@dlmskit/storage";
import { WrapperDatagramLink, WrapperServerLink } from "@dlmskit/wrapper";
import type { LinkName, ListeningPort, ListenOptions, SimulatorListening } from "./options.ts";

type ListenSpec = ServeOptions["on"][string];
type LinkFactory = ListenSpec["link"];

export interface ListenersOptions {
  readonly meters: readonly Meter[];
  readonly hdlcSettings: readonly HdlcSetting[];
  readonly ports: readonly Stored<CommunicationPort>[];
  readonly serve: Omit<ServeOptions, "on">;
}

const highestPhysical = 0x3fff - 2;

/** The lower HDLC address of a meter, from 0: its own row's, else counted on from the first row's. */
export function physicalAddress(settings: readonly HdlcSetting[], meter: number): number {
  return settings[meter]?.deviceAddress ?? (settings[0]?.deviceAddress ?? 1) + meter;
}

/**
 * All meters behind one port. The server address counts them from 1; a lower HDLC address names one by itself, and then the
 * upper one is its logical device.
 */
export function routeToAll(meters: readonly Meter[], settings: readonly HdlcSetting[]): Route {
  const byPhysical = new Map(meters.map((meter, at) => [physicalAddress(settings, at), meter]));
  return ({ server, physical }) => {
    const meter = physical === undefined ? meters[server - 1] : server === 1 ? byPhysical.get(physical) : undefined;
    return meter && { meter, device: 1 };
  };
}

/** One meter behind a port of its own, at the server address 1, whatever the physical one is. */
const routeToOne =
  (meter: Meter): Route =>
  ({ server }: LinkAddress) =>
    server === 1 ? { meter, device: 1 } : undefined;

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

/** What a row is served as; undefined: it cannot be. A TCP port with the settings of a line is a serial device server's. */
export function linkOf({ portType, baudRate }: CommunicationPort): LinkName | undefined {
  if (portType === "SERIAL") return undefined;
  return portType === "TCP" && baudRate !== undefined ? "hdlc" : "wrapper";
}

const udp = (port: number, host: string | undefined): ListenSpec => ({
  link: () => new WrapperDatagramLink(),
  async listen(accept, maxRemotes) {
    const { udpListen } = await import("@dlmskit/transport/node");
    return udpListen({ port, accept, maxRemotes, ...(host === undefined ? {} : { host }) });
  },
});

/** Listens where the rows say, or where the options do. */
export async function listen(options: ListenersOptions, how: ListenOptions): Promise<SimulatorListening> {
  const { meters, hdlcSettings, ports: rows } = options;
  const { link: wanted, port, host, ports: style = "one" } = how;
  const ports: ListeningPort[] = [];
  const listening: Listening[] = [];
  const at = host === undefined ? {} : { host };
  const close = async (): Promise<void> => {
    await Promise.all(listening.map((one) => one.close()));
  };
  const open = async (link: LinkName, route: Route, spec: ListenSpec, of: readonly number[]): Promise<void> => {
    const opened = await serve(route, { ...options.serve, on: { [link]: spec } });
    listening.push(opened);
    const address = opened.addresses[link];
    if (address !== undefined) ports.push({ ...address, link, meters: of });
  };
  const all = meters.map((_, index) => index);
  const specOf = (link: LinkName, number: number, meter: number): ListenSpec =>
    tcp(number, link === "hdlc" ? hdlc(hdlcSettings[meter] ?? hdlcSettings[0]) : wrapper, at);
  try {
    if (style === "one" && physicalAddress(hdlcSettings, meters.length - 1) > highestPhysical) {
      throw new Fault("too-many-meters", `${meters.length} meters have no HDLC addresses behind one port`, {
        layer: "simulator",
        hint: "serve each on a port of its own",
      });
    }
    if (wanted === undefined && port === undefined && style === "one") {
      const route = routeToAll(meters, hdlcSettings);
      for (const row of rows) {
        const link = linkOf(row);
        if (link === undefined) continue;
        const spec = row.portType === "UDP" ? udp(row.portNumber, host) : specOf(link, row.portNumber, 0);
        await open(link, route, spec, all);
      }
    } else {
      const link = wanted ?? "wrapper";
      const first = port ?? 4059;
      if (style === "one") {
        await open(link, routeToAll(meters, hdlcSettings), specOf(link, first, 0), all);
      } else {
        for (const [index, meter] of meters.entries()) {
          await open(link, routeToOne(meter), specOf(link, first === 0 ? 0 : first + index, index), [index]);
        }
      }
    }
    if (ports.length === 0) {
      throw new Fault("no-port", "there is no port to listen on", {
        layer: "simulator",
        hint: "add a row to communication_ports, or name a port",
      });
    }
  } catch (caught) {
    await close();
    throw caught;
  }
  return { ports, listening, close, [Symbol.asyncDispose]: close };
}
