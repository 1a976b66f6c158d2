import { instantOf } from "@dlmskit/core";
import {
  type AnyObject,
  type Context,
  EncryptionKeyStatus,
  type MbusClient1,
  type Values,
} from "@dlmskit/cosem-objects";
import { ownValues } from "./own-values.ts";
import type { SimulatedMeter } from "./simulated-meter.ts";

/** Meters on the M-Bus of an electricity meter. Their counters are proportional to the electricity consumption: litres for each Wh. */
export const litresPerWh = { gas: 0.25, water: 0.02 } as const;
export type MbusMedium = keyof typeof litresPerWh;

const hourMs = 3_600_000;
const deviceTypes: { readonly [type: number]: MbusMedium } = { 3: "gas", 7: "water" };

/** The medium of the meter on a channel; gas if the M-Bus client does not say, since any meter may be installed there. */
export const mediumOf = ({ values }: AnyObject): MbusMedium => deviceTypes[values.deviceType as number] ?? "gas";

/** Volume so far, in whole litres. The load switch of the electricity meter does not stop it. */
export const counterAt = ({ readings }: SimulatedMeter, at: number, medium: MbusMedium): number =>
  Math.floor(readings.model.energy(at).importWh * litresPerWh[medium]);

/** These meters send their reading of each full hour. */
export const lastHour = (at: number): number => Math.floor(at / hourMs) * hourMs;

/** The channels of a meter: the M-Bus client object of each, by value group B. */
export type MbusChannels = ReadonlyMap<number, AnyObject>;

/** The M-Bus client whose values an object shows; undefined: the object is not a value of an M-Bus channel, or has no client. */
export function channelOf(instance: string, channels: MbusChannels): AnyObject | undefined {
  const [a, b, c, d] = instance.split(".").map(Number);
  return a === 0 && c === 24 && d === 2 ? channels.get(b as number) : undefined;
}

/** Whether the electricity meter gets the telegrams of the meter on a channel: it is installed, and its key is known. */
export function canRead(client: AnyObject, context: Context): boolean {
  const { primaryAddress, state } = ownValues(client, context) as MbusClientValues;
  return primaryAddress !== 0 && state?.keyStatus !== EncryptionKeyStatus.encryptionKeyTransferred;
}

/**
 * Whether a value object shows its last capture at an instant: since then the meter of its channel cannot be read. Before that
 * capture it shows the counter.
 */
export function stands(client: AnyObject, object: AnyObject, context: Context, at: number): boolean {
  if (canRead(client, context)) return false;
  const { captureTime } = ownValues(object, context) as { captureTime?: Parameters<typeof instantOf>[0] };
  const captured = captureTime === undefined ? undefined : instantOf(captureTime);
  return captured === undefined || at >= captured;
}

export type MbusClientValues = Values<typeof MbusClient1>;
