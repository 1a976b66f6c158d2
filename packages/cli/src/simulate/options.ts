import { Fault } from "@dlmskit/core";
import type { GatewaysOptions, LinkName, ListeningPort, ListenOptions, Shard, TransportName } from "@dlmskit/simulator";
import { tcpListen, udpBind } from "@dlmskit/transport/node";
import type { ControlOptions } from "../control.ts";
import { busOf } from "../meter/meter-options.ts";
import type { GivenTime } from "../moment.ts";
import type { ProgressOptions } from "../output/progress.ts";
import type { CallPlace } from "./parse.ts";

export const referencings = { ln: "logical-name", sn: "short-name", both: "either" } as const;

export interface SimulateOptions extends ProgressOptions, ControlOptions {
  readonly template: string;
  readonly meters: number;
  readonly port?: number;
  readonly host?: string;
  readonly advertise?: string;
  readonly link?: LinkName;
  readonly transport?: TransportName;
  readonly ports: "one" | "each";
  readonly behindGateway?: GatewaysOptions;
  readonly gateways: number;
  readonly serial?: string;
  readonly baud?: number;
  readonly modeE?: boolean;
  readonly telegram?: number;
  readonly serialDevices?: string;
  readonly rs485?: "high" | "low";
  readonly silence?: number;
  readonly modem?: true | "ring" | "auto";
  readonly referencing: keyof typeof referencings;
  readonly store: string;
  readonly seed?: string;
  readonly start?: GivenTime;
  readonly speed?: number;
  readonly keys?: string;
  readonly identities?: string;
  readonly faults?: string;
  readonly population?: string;
  readonly keepConnections: number;
  readonly push?: string;
  readonly pushLayouts?: string;
  readonly pushCa?: string;
  readonly pushCert?: string;
  readonly pushKey?: string;
  readonly dial?: CallPlace;
  readonly metrics?: number;
  readonly workers?: number;
  readonly shard?: Shard;
  readonly verbose?: boolean;
  readonly record?: string;
  readonly json?: boolean;
}

/** Fault `bad-option`. */
function gatewayOf({ behindGateway, gateways }: SimulateOptions): Pick<ListenOptions, "gateway"> {
  if (behindGateway !== undefined) return { gateway: { ...behindGateway, gateways } };
  if (gateways === 1) return {};
  const hint = "--behind-gateway NETWORK is the network id of the meters";
  throw new Fault("bad-option", "--gateways needs --behind-gateway", { layer: "cli", hint });
}

/** Where to listen. Without options, the rows of `communication_ports` in a durable store say where. */
export function whereOf(options: SimulateOptions): ListenOptions {
  const {
    link,
    transport,
    port,
    ports,
    host,
    advertise,
    store,
    serial,
    baud,
    modeE,
    telegram,
    modem = false,
  } = options;
  const gateway = gatewayOf(options);
  if (serial !== undefined) {
    const rate = baud && { baudRate: baud };
    if (link === "mbus" && (modeE || telegram)) {
      const hint = "leave out --mode-e and --telegram";
      throw new Fault("bad-option", "an M-Bus line has no sign-on and no telegrams", { layer: "cli", hint });
    }
    return {
      ...{ ...(modem && { modem }), ...gateway, ...(link === "mbus" && { link }) },
      serial: {
        path: serial,
        ...rate,
        ...busOf(options),
        ...(modeE && { modeE }),
        ...(telegram && { telegram: telegram * 1000 }),
      },
    };
  }
  const { serialDevices } = options;
  const at = {
    ...(host === undefined ? {} : { host }),
    ...(advertise && { advertise }),
    ...{ ...(modem && { modem }), ...gateway },
    ...(serialDevices && { serialPath: (number: number) => serialDevices.replaceAll("{n}", `${number}`) }),
  };
  if (store !== "memory" && link === undefined && transport === undefined && port === undefined && ports === "one") {
    return at;
  }
  return { ...at, link: link ?? "wrapper", transport: transport ?? "tcp", port: port ?? 4059, ports };
}

/** Checks that the ports are free before the store is prepared. Fault `address-in-use` and others of the transport. */
export async function expectFree(
  { host = "127.0.0.1", port, ports, transport, gateway }: ListenOptions,
  { meters }: SimulateOptions,
): Promise<void> {
  // The rows are not known before the store is open.
  if (port === undefined || port === 0) return;
  const count = gateway?.gateways ?? (ports === "each" && gateway === undefined ? meters : 1);
  const last = Math.min(port + count, 65_536);
  for (let tried = port; tried < last; tried++) {
    const bound =
      transport === "udp"
        ? await udpBind({ host, port: tried })
        : await tcpListen({ host, port: tried, accept: (duplex) => duplex.destroy() });
    await bound.close();
  }
}

/** The line that says where meters are reached. */
export const listeningText = ({ host, port, link, transport }: ListeningPort, json: boolean): string =>
  json
    ? `${JSON.stringify({ event: "listening", host, port, link })}\n`
    : `listening on ${transport === "serial" ? host : `${host}:${port}`} (${link})\n`;
