import { ApduTag, type ConformanceName } from "@dlmskit/apdu";
import type { Negotiated } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import type { AnyObject, Context, NotificationAttempt } from "@dlmskit/cosem-objects";
import type { ClaimedMessage } from "@dlmskit/storage";
import type { Association } from "../meter/association-spec.ts";
import type { Device } from "../meter/device.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import type { Meter } from "../meter/meter.ts";
import { sapOf } from "../meter/sap-of.ts";
import type { PushLeft } from "../session/unasked-pushes.ts";
import { checkAlteration, type PushAlteration } from "./push-alteration.ts";
import { throughGateway } from "./push-gateway.ts";
import type { Parcel, PushLines } from "./push-lines.ts";
import { longestSending, type PushSettings } from "./push-options.ts";
import { inBlocks, PushSealing } from "./push-sealing.ts";

/** The result of an attempt to send a message. Times are simulated time. */
export type AttemptEnd =
  | { readonly end: "sent"; readonly outcome: "sent" | "confirmed" }
  /** `again`: time of the next attempt; undefined: no more attempts, or the queue decides if no object does. */
  | { readonly end: "failed"; readonly fault: Fault; readonly again: number | undefined; readonly decided: boolean }
  /** There was no attempt. `client`: the message waits for this client to connect. */
  | { readonly end: "postponed"; readonly until: number; readonly client?: number };

export interface AttemptPort {
  readonly lines: PushLines;
  /** Simulated time. */
  readonly now: number;
  readonly settings: Pick<PushSettings, "confirmation" | "lease" | "gateway" | "alter">;
  /** Whether the worker was closed in the meantime. */
  closed(): boolean;
  /** Called when the message waits for this client to connect. */
  awaited(client: number): void;
  /** Called when the message starts (1) or stops (-1) waiting for a client to poll: others may be sent during that time. */
  parked(many: 1 | -1): void;
}

/** Delay until the next attempt if this process cannot send the message now, ms. */
const elsewhere = 1000;
const withoutPower = 60_000;

// Delay until the next search for a client that may be connected to another process, ms.
const absent = 60_000;

/** The maximum APDU length for a client without known limits. */
const longest = 0xffff;

const dataNotification = ApduTag["data-notification"];
const firstGeneral = ApduTag["general-glo-ciphering"];
const confirmedBit = 0x40;

const isConfirmed = (payload: Uint8Array): boolean =>
  payload[0] === dataNotification && ((payload[1] ?? 0) & confirmedBit) !== 0;

/** The long-invoke-id of a DataNotification. */
export function longInvokeIdOf(payload: Uint8Array): number | undefined {
  if (payload[0] !== dataNotification || payload.length < 5) return undefined;
  return ((payload[2] as number) << 16) | ((payload[3] as number) << 8) | (payload[4] as number);
}

/** The origin of a message in its meter. */
interface Source {
  readonly live: LiveMeter;
  readonly meter: Meter;
  readonly device: Device;
  readonly association: Association | undefined;
  /** The object that sent the message; undefined: no object is informed about the result. */
  readonly object: AnyObject | undefined;
}

/** Sends a message once, with new protection. The object that sent it decides about further attempts. Faults of the store. */
export async function attemptPush(message: ClaimedMessage, meter: Meter, port: AttemptPort): Promise<AttemptEnd> {
  const device = meter.template.devices.get(message.logicalDevice ?? 1);
  if (device === undefined) return failed(noSource(message), undefined, true);
  const client = message.clientId ?? openClientOf(message);
  const association = client === undefined ? undefined : device.association(client);
  // If no client is connected, the meter does not have to be loaded.
  const open = openClientOf(message);
  if (open !== undefined && meter.openAssociations === 0) return awaiting(open, port);
  const leave = meter.use();
  try {
    try {
      await meter.enter(association);
      if (association !== undefined) await meter.state(association).ready();
    } catch (fault) {
      if (fault instanceof Fault && fault.code === "meter-held") return postponed(port.now + elsewhere);
      throw fault;
    }
    const { live } = meter;
    const object = objectOf(message, device);
    const notified = object?.hooks.notified;
    const gasps = object !== undefined && notified?.withoutPower?.(live.values(object)) === true;
    if (!live.powered && !gasps) return postponed(port.now + withoutPower);
    const source: Source = { live, meter, device, association, object };
    const from = sendableFrom(message, source);
    if (from === undefined) return failed(withdrawn(message), undefined, true);
    // Rounded in the same way as in the queue.
    if (from - live.now >= 1) return postponed(from - live.offset);
    try {
      const outcome = await (open === undefined ? send : sendOpen)(message, source, port);
      if (outcome === "kept") return postponed(port.now);
      if (outcome === "absent") return awaiting(open as number, port);
      await told(message, source, outcome);
      return { end: "sent", outcome };
    } catch (fault) {
      if (!(fault instanceof Fault) || fault.code === "not-kept") throw fault;
      if (port.closed()) return postponed(port.now);
      const next = await told(message, source, "failed");
      const again = next === undefined ? undefined : next - live.offset;
      return failed(fault, again, source.object?.hooks.notified !== undefined);
    }
  } finally {
    leave();
  }
}

/** The client whose open connection carries the message; undefined: it has another destination. */
function openClientOf({ destination }: ClaimedMessage): number | undefined {
  const [, client] = /^client:(\d+)$/.exec(destination) ?? [];
  return client === undefined ? undefined : Number(client);
}

function awaiting(client: number, port: AttemptPort): AttemptEnd {
  port.awaited(client);
  return { end: "postponed", until: port.now + absent, client };
}

function send(message: ClaimedMessage, source: Source, { lines, settings }: AttemptPort): Promise<PushLeft> {
  const alteration = settings.alter?.({ meter: source.live.known, apdu: message.payload }) ?? {};
  checkAlteration(alteration);
  const parcel = parcelOf({ ...message, payload: alteration.apdu ?? message.payload }, source, alteration);
  expectInTime(parcel, settings);
  return lines.send(message.destination, throughGateway(parcel, settings.gateway?.(source.meter)));
}

/** Fault `push-not-sent`: with the time between its PDUs, the push would take longer than its lease, and be sent twice. */
function expectInTime({ gap = 0, pdus }: Parcel, settings: AttemptPort["settings"]): void {
  const takes = gap * (pdus.length - 1);
  if (takes <= longestSending(settings)) return;
  throw new Fault("push-not-sent", `${pdus.length} PDUs with ${gap} ms between them take ${takes} ms`, {
    layer: "server",
    hint: `a push may take ${longestSending(settings)} ms: send fewer and longer PDUs, or wait less between them`,
  });
}

async function sendOpen(message: ClaimedMessage, source: Source, port: AttemptPort): Promise<PushLeft | "absent"> {
  const { association, live, device } = source;
  const open = association && live.associations.occupant(association, device.sap)?.opened;
  if (open === undefined) return "absent";
  const { confirmation, lease } = port.settings;
  const wants = isConfirmed(message.payload) ? longInvokeIdOf(message.payload) : undefined;
  port.parked(1);
  try {
    return await open.notify({
      seal: () => openPdus(message, source, open.negotiated),
      confirms: wants,
      ...{ within: confirmation, hold: longestSending({ lease, confirmation }) },
    });
  } finally {
    port.parked(-1);
  }
}

const bits: { readonly [tag: number]: ConformanceName } = {
  [ApduTag["data-notification"]]: "data-notification",
  [ApduTag["event-notification-request"]]: "event-notification",
  [ApduTag["information-report-request"]]: "information-report",
};

/** PDUs for a client with an open association, within its negotiated limits. Fault `push-not-sent` and those of protecting. */
function openPdus(message: ClaimedMessage, source: Source, negotiated: Negotiated): readonly Uint8Array[] {
  const needs = (name: ConformanceName | undefined): void => {
    if (name === undefined || negotiated.conformance.includes(name)) return;
    throw new Fault("push-not-sent", `the client has not negotiated ${name}`, {
      layer: "server",
      hint: `let the client propose ${name} when it opens its association`,
    });
  };
  needs(bits[message.payload[0] as number]);
  const general = negotiated.conformance.includes("general-protection");
  const isNotification = message.payload[0] === dataNotification;
  const apdu = sealed(message, source, general || isNotification ? "general-glo" : "glo");
  if ((apdu[0] as number) >= firstGeneral) needs("general-protection");
  const { clientMaxReceivePduSize } = negotiated;
  const most = clientMaxReceivePduSize === 0 ? longest : clientMaxReceivePduSize;
  if (apdu.length > most) needs("general-block-transfer");
  return inBlocks(apdu, most);
}

const postponed = (until: number): AttemptEnd => ({ end: "postponed", until });
const failed = (fault: Fault, again: number | undefined, decided: boolean): AttemptEnd => ({
  ...{ end: "failed", fault, again, decided },
});

const noSource = ({ logicalDevice, meterId }: ClaimedMessage): Fault =>
  new Fault("push-withdrawn", `the meter ${meterId} has no logical device ${logicalDevice}`, { layer: "server" });

const withdrawn = ({ instanceId, meterId }: ClaimedMessage): Fault =>
  new Fault("push-withdrawn", `${instanceId} of the meter ${meterId} no longer sends this push`, {
    layer: "server",
    hint: "its repetitions were reset or have ended",
  });

function objectOf({ classId, instanceId }: ClaimedMessage, device: Device): AnyObject | undefined {
  const found = instanceId === undefined ? undefined : device.byName.get(instanceId);
  return found?.spec.classId === classId ? found : undefined;
}

const contextOf = ({ live, device }: Source, object: AnyObject): Context =>
  live.view(device, { by: { self: "program" } }).context(object);

/** The earliest time to send the message, on the meter's clock; undefined: it must no longer be sent. */
function sendableFrom({ payload }: ClaimedMessage, source: Source): number | undefined {
  const { object, live } = source;
  const notified = object?.hooks.notified;
  if (object === undefined || notified === undefined) return live.now;
  return notified.from(live.values(object), payload, contextOf(source, object));
}

function parcelOf(
  message: ClaimedMessage,
  source: Source,
  { raw, blocks = longest, gap = 0, physical }: PushAlteration,
): Parcel {
  const { payload, clientId } = message;
  const { live, device, association } = source;
  const longInvokeId = longInvokeIdOf(payload);
  const sealing = sealingOf(source);
  const address = {
    ...{ client: clientId ?? managementClient, server: sourceOf(live, device) },
    ...(physical === undefined ? {} : { physical }),
  };
  if (raw !== undefined) return { pdus: [raw], raw: true, address };
  const most = Math.min(blocks, association === undefined ? longest : pduSizeOf(association));
  return {
    pdus: inBlocks(sealed(message, source), most),
    address,
    ...(gap > 0 ? { gap } : {}),
    ...(isConfirmed(payload) && longInvokeId !== undefined
      ? { confirms: (pdu) => sealing?.confirms(pdu, longInvokeId) ?? confirmsPlain(pdu, payload) }
      : {}),
  };
}

const sealingOf = ({ live, association }: Source): PushSealing | undefined =>
  association === undefined ? undefined : new PushSealing(live, live.state(association));

/** The message, protected with the next invocation counter. */
function sealed(
  { payload, clientId }: ClaimedMessage,
  source: Source,
  form: "glo" | "general-glo" = "general-glo",
): Uint8Array {
  const { live, object } = source;
  const sealing = sealingOf(source);
  const parameters = object === undefined ? [] : (object.hooks.notified?.protection?.(live.values(object)) ?? []);
  if (sealing === undefined && parameters.length > 0) {
    throw new Fault("push-protection", `client ${clientId} has no association whose keys could protect the push`, {
      layer: "server",
      hint: "name the client of a ciphered association in push_client_SAP",
    });
  }
  return sealing?.seal(payload, parameters, form) ?? payload;
}

/** The receiver of messages without a named client: the client management process. No client has the address 0. */
export const managementClient = 1;

/** The source SAP of a push. */
function sourceOf(live: LiveMeter, device: Device): number {
  const sap = sapOf(live.known.template, (object) => live.values(object), device);
  if (sap !== 0) return sap;
  throw new Fault("no-device", `the logical device ${device.sap} has no SAP: it is disconnected`, {
    layer: "server",
    hint: "connect_logical_device of SAP assignment connects it",
  });
}

const dataNotificationConfirm = 0x10;

/** Compares tag and long-invoke-id, without the flags. */
const confirmsPlain = (pdu: Uint8Array, payload: Uint8Array): boolean =>
  pdu[0] === dataNotificationConfirm && [2, 3, 4].every((at) => pdu[at] === payload[at]);

/** The maximum APDU length for a client: that of its pre-established association, or else the maximum that the server sends. */
function pduSizeOf({ preEstablished, maxSendPduSize }: Association): number {
  const size = preEstablished?.clientMaxReceivePduSize ?? maxSendPduSize;
  return size === 0 ? longest : Math.min(size, longest);
}

/** Informs the object. Returns the time of the next attempt that it requests, on the meter's clock. */
async function told(
  { payload, retryCount }: ClaimedMessage,
  { meter, device, object }: Source,
  outcome: NotificationAttempt["outcome"],
): Promise<number | undefined> {
  const notified = object?.hooks.notified;
  if (object === undefined || notified === undefined) return undefined;
  const failures = retryCount + (outcome === "failed" ? 1 : 0);
  return meter.change(
    (view) => notified.attempted(view.draft(object), { payload, outcome, failures }, view.context(object)),
    device.sap,
  );
}
