import { Fault, type LinkAddress, type LinkSettings } from "@dlmskit/core";
import {
  type AnyObject,
  type IecHdlcSetup1,
  setsUpHdlc,
  setsUpTcpUdp,
  type TcpUdpSetup,
  type Values,
} from "@dlmskit/cosem-objects";
import type { Meter } from "../meter/meter.ts";
import type { MeterTemplate } from "../meter/meter-template.ts";

interface Setups {
  readonly hdlc: AnyObject | undefined;
  readonly tcpUdp: AnyObject | undefined;
}

const known = new WeakMap<MeterTemplate, Setups>();

/** The objects of the management logical device that configure the links of the meter. */
function setupsOf(template: MeterTemplate): Setups {
  const found = known.get(template);
  if (found !== undefined) return found;
  const objects = template.devices.get(1)?.objects ?? [];
  const setups = { hdlc: objects.find(setsUpHdlc), tcpUdp: objects.find(setsUpTcpUdp) };
  known.set(template, setups);
  return setups;
}

/** Whether the values of a meter determine the settings of its links. */
export function setsUpLinks({ template }: Meter): boolean {
  const { hdlc, tcpUdp } = setupsOf(template);
  return hdlc !== undefined || tcpUdp !== undefined;
}

/** If a kept value cannot be read, only its attribute is unusable: the value of the template is used here. */
function numberOf(meter: Meter, object: AnyObject, name: string): number {
  const value = meter.values(object)[name as never] as unknown;
  return typeof value === "number" ? value : (object.values[name] as number);
}

/** The data link settings in the IEC HDLC setup object of a meter; undefined: the meter has no such object. */
export function hdlcSettingsOf(meter: Meter): Required<LinkSettings> | undefined {
  const { hdlc } = setupsOf(meter.template);
  if (hdlc === undefined) return undefined;
  const told = (name: keyof Values<typeof IecHdlcSetup1>): number => numberOf(meter, hdlc, name);
  return {
    maxInfoSend: told("maxInfoFieldLengthTransmit"),
    maxInfoReceive: told("maxInfoFieldLengthReceive"),
    windowSend: told("windowSizeTransmit"),
    windowReceive: told("windowSizeReceive"),
    interOctet: told("interOctetTimeOut"),
    inactivity: told("inactivityTimeOut") * 1000,
  };
}

/**
 * Whether a meter has a lower HDLC address; true for a meter that is not loaded. Without a lower address every meter matches. On M-Bus the
 * link alone knows the addresses.
 */
export function hasDeviceAddress(meter: Meter, { physical, line }: LinkAddress): boolean {
  const { hdlc } = setupsOf(meter.template);
  if (physical === undefined || line !== undefined || hdlc === undefined || !meter.hasLoaded) return true;
  const address = numberOf(meter, hdlc, "deviceAddress");
  return address === 0 || address === physical;
}

/** Connection settings in the TCP-UDP setup object of a meter: inactivity timeout (ms, 0: none) and maximum number of connections. */
export function connectionSettingsOf(meter: Meter): { readonly inactivity: number; readonly most: number } | undefined {
  const { tcpUdp } = setupsOf(meter.template);
  if (tcpUdp === undefined) return undefined;
  const told = (name: keyof Values<typeof TcpUdpSetup>): number => numberOf(meter, tcpUdp, name);
  return { inactivity: told("inactivityTimeOut") * 1000, most: told("nbOfSimConn") };
}

/** The longer of two inactivity timeouts, ms; 0: no limit. */
export const longerSilence = (one: number, other: number): number =>
  one === 0 || other === 0 ? 0 : Math.max(one, other);

export const noConnectionLeft = ({ name }: Meter, most: number): Fault =>
  new Fault("no-connection-left", `the meter ${name} has ${most} connections`, {
    layer: "server",
    hint: "end one of them, or raise nb_of_sim_conn of its TCP-UDP setup",
  });
