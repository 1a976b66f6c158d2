import { Fault } from "@dlmskit/core";
import type { AnyObject, Context, NotificationAttempt } from "@dlmskit/cosem-objects";
import type { ClaimedMessage } from "@dlmskit/storage";
import type { Association } from "../meter/association-spec.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import type { Meter } from "../meter/meter.ts";
import type { Device } from "../meter/meter-template.ts";
import type { Parcel, PushLines } from "./push-lines.ts";
import { inBlocks, PushSealing } from "./push-sealing.ts";

/** What is to become of a message. Instants of simulated time. */
export type AttemptEnd =
  | { readonly end: "sent"; readonly outcome: "sent" | "confirmed" }
  /** `again`: when it is tried again; undefined: never, or as the queue has it where no object decides. */
  | { readonly end: "failed"; readonly fault: Fault; readonly again: number | undefined; readonly decided: boolean }
  /** It was not tried. */
  | { readonly end: "postponed"; readonly until: number };

export interface AttemptPort {
  readonly lines: PushLines;
  /** Simulated time. */
  readonly now: number;
  /** Whether the worker was closed meanwhile. */
  closed(): boolean;
}

/** Nobody can send it now: it is looked at again after so many ms. */
const elsewhere = 1000;
const withoutPower = 60_000;

/** The longest APDU for a client of which nothing is known. */
const longest = 0xffff;

const dataNotification = 0x0f;
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
  const association = message.clientId === undefined ? undefined : device.association(message.clientId);
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
      const outcome = await port.lines.send(message.destination, parcelOf(message, source));
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

function parcelOf({ payload, clientId }: ClaimedMessage, { live, device, association, object }: Source): Parcel {
  const address = { client: clientId ?? 0, server: device.sap };
  const longInvokeId = longInvokeIdOf(payload);
  const sealing = association === undefined ? undefined : new PushSealing(live, live.state(association));
  const parameters = object === undefined ? [] : (object.hooks.notified?.protection?.(live.values(object)) ?? []);
  if (sealing === undefined && parameters.length > 0) {
    throw new Fault("push-protection", `client ${clientId} has no association whose keys could protect the push`, {
      layer: "server",
      hint: "name the client of a ciphered association in push_client_SAP",
    });
  }
  const apdu = sealing?.seal(payload, parameters) ?? payload;
  const most = association === undefined ? longest : pduSizeOf(association);
  return {
    pdus: inBlocks(apdu, most),
    address,
    ...(isConfirmed(payload) && longInvokeId !== undefined
      ? { confirms: (pdu) => sealing?.confirms(pdu, longInvokeId) ?? confirmsPlain(pdu, payload) }
      : {}),
  };
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
