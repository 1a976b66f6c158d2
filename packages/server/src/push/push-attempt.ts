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
import type { Parcel, PushLines } from "./push-lines.ts";
import type { PushSettings } from "./push-options.ts";
import { inBlocks, PushSealing } from "./push-sealing.ts";

/** What is to become of a message. Instants of simulated time. */
export type AttemptEnd =
  | { readonly end: "sent"; readonly outcome: "sent" | "confirmed" }
  /** `again`: when it is tried again; undefined: never, or as the queue has it where no object decides. */
  | { readonly end: "failed"; readonly fault: Fault; readonly again: number | undefined; readonly decided: boolean }
  /** It was not tried. `client`: it waits for this client to connect. */
  | { readonly end: "postponed"; readonly until: number; readonly client?: number };

export interface AttemptPort {
  readonly lines: PushLines;
  /** Simulated time. */
  readonly now: number;
  readonly settings: Pick<PushSettings, "confirmation" | "lease">;
  /** Whether the worker was closed meanwhile. */
  closed(): boolean;
  /** The message waits for this client to connect. */
  awaited(client: number): void;
  /** It waits for a client to poll (1), and does not any more (-1): others may be sent meanwhile. */
  parked(many: 1 | -1): void;
}

/** Nobody can send it now: it is looked at again after so many ms. */
const elsewhere = 1000;
const withoutPower = 60_000;

// A client that another process may have is looked for again after so many ms.
const absent = 60_000;

/** The longest APDU for a client of which nothing is known. */
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

/** The object that a message is of, in its meter. */
interface Source {
  readonly live: LiveMeter;
  readonly meter: Meter;
  readonly device: Device;
  readonly association: Association | undefined;
  /** Undefined: nobody hears what happens to the message. */
  readonly object: AnyObject | undefined;
}

/** Sends a message once, protected again, and lets the object that told it decide what comes next. Faults of the store. */
export async function attemptPush(message: ClaimedMessage, meter: Meter, port: AttemptPort): Promise<AttemptEnd> {
  const device = meter.template.devices.get(message.logicalDevice ?? 1);
  if (device === undefined) return failed(noSource(message), undefined, true);
  const client = message.clientId ?? openClientOf(message);
  const association = client === undefined ? undefined : device.association(client);
  // Nothing need be loaded to see that nobody is there.
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
    if (!live.powered) return postponed(port.now + withoutPower);
    const source: Source = { live, meter, device, association, object: objectOf(message, device) };
    const from = sendableFrom(message, source);
    if (from === undefined) return failed(withdrawn(message), undefined, true);
    // Rounded as the queue rounds.
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

/** The client over whose open connection it goes; undefined: it goes to somewhere else. */
function openClientOf({ destination }: ClaimedMessage): number | undefined {
  const [, client] = /^client:(\d+)$/.exec(destination) ?? [];
  return client === undefined ? undefined : Number(client);
}

function awaiting(client: number, port: AttemptPort): AttemptEnd {
  port.awaited(client);
  return { end: "postponed", until: port.now + absent, client };
}

const send = (message: ClaimedMessage, source: Source, { lines }: AttemptPort): Promise<PushLeft> =>
  lines.send(message.destination, parcelOf(message, source));

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
      ...{ within: confirmation, hold: Math.max(lease / 2, lease - confirmation - recording) },
    });
  } finally {
    port.parked(-1);
  }
}

// What is left of a lease to write down how it went, ms.
const recording = 5000;

const bits: { readonly [tag: number]: ConformanceName } = {
  [ApduTag["data-notification"]]: "data-notification",
  [ApduTag["event-notification-request"]]: "event-notification",
  [ApduTag["information-report-request"]]: "information-report",
};

/** For a client whose association is open: what it has negotiated, and no more. Fault `push-not-sent`, those of protecting. */
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

/** From when on, on the meter's clock; undefined: not any more. */
function sendableFrom({ payload }: ClaimedMessage, source: Source): number | undefined {
  const { object, live } = source;
  const notified = object?.hooks.notified;
  if (object === undefined || notified === undefined) return live.now;
  return notified.from(live.values(object), payload, contextOf(source, object));
}

function parcelOf(message: ClaimedMessage, source: Source): Parcel {
  const { payload, clientId } = message;
  const { live, device, association } = source;
  const longInvokeId = longInvokeIdOf(payload);
  const sealing = sealingOf(source);
  return {
    pdus: inBlocks(sealed(message, source), association === undefined ? longest : pduSizeOf(association)),
    address: { client: clientId ?? managementClient, server: sourceOf(live, device) },
    ...(isConfirmed(payload) && longInvokeId !== undefined
      ? { confirms: (pdu) => sealing?.confirms(pdu, longInvokeId) ?? confirmsPlain(pdu, payload) }
      : {}),
  };
}

const sealingOf = ({ live, association }: Source): PushSealing | undefined =>
  association === undefined ? undefined : new PushSealing(live, live.state(association));

/** Protected with the next invocation counter. */
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

/** Who gets what is for no client by name: the client management process. Nobody has the address 0. */
export const managementClient = 1;

/** The SAP that a push comes from. */
function sourceOf(live: LiveMeter, device: Device): number {
  const sap = sapOf(live.known.template, (object) => live.values(object), device);
  if (sap !== 0) return sap;
  throw new Fault("no-device", `the logical device ${device.sap} has no SAP: it is disconnected`, {
    layer: "server",
    hint: "connect_logical_device of SAP assignment connects it",
  });
}

const dataNotificationConfirm = 0x10;

/** Tag and long-invoke-id; flags aside. */
const confirmsPlain = (pdu: Uint8Array, payload: Uint8Array): boolean =>
  pdu[0] === dataNotificationConfirm && [2, 3, 4].every((at) => pdu[at] === payload[at]);

/** What the client of an association takes: what its pre-established association says, else what the server would send at most. */
function pduSizeOf({ preEstablished, maxSendPduSize }: Association): number {
  const size = preEstablished?.clientMaxReceivePduSize ?? maxSendPduSize;
  return size === 0 ? longest : Math.min(size, longest);
}

/** Tells the object; gives when it wants the next attempt, on the meter's clock. */
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
