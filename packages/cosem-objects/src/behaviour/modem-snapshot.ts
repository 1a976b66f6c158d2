import { type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import { GsmDiagnostic0, GsmDiagnostic1, GsmDiagnostic2 } from "../classes/ports/gsm-diagnostic.ts";
import { LteMonitoring0, LteMonitoring1 } from "../classes/ports/lte-monitoring.ts";
import type { ClassSpec, Timeline, Values } from "../interface-class.ts";
import { after, type MaybePromise } from "../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";

/** The measurements of the modem. No result (undefined): no network, or the modem did not answer. */
export interface ModemPort<V> {
  look(context: Context): MaybePromise<V | undefined>;
}

export interface SnapshotOptions<V> {
  readonly modem: ModemPort<V>;
  /** Seconds between snapshots, taken at full multiples of the period in local time; 900 by default. */
  readonly period?: number;
}

/** Takes snapshots at the ends of periods. Missed ones cannot be measured later: only the last is taken. */
function renewing<S extends ClassSpec>(
  { modem, period = 900 }: SnapshotOptions<unknown>,
  none: object,
  captureTime: boolean,
): Timeline<Values<S>, Context, TimeContext> {
  return {
    missed: "last",
    next: (_, { local }, afterwards) => local.nextMultiple(period * 1000, afterwards),
    run: (values, context): MaybePromise<void> =>
      after(modem.look(context), (seen) => {
        const time = captureTime ? { captureTime: context.local.dateTimeOf(context.now) } : {};
        Object.assign(values, seen ?? none, time);
      }),
  };
}

// Not registered; 99: not known (3GPP TS 27.007, +CSQ).
const noCell0 = { cellId: 0, locationId: 0, signalQuality: 99, ber: 99 };
const noNetwork = { operator: "", status: 0, csAttachment: 0, psStatus: 0, adjacentCells: [] };
const noCell = { ...noCell0, mcc: 0, mnc: 0, channelNumber: 0 };

type Gsm = typeof GsmDiagnostic2;
/** A snapshot of class 47; version 0 has its own form of cells. */
export type GsmSnapshot = Omit<Values<Gsm>, "captureTime">;

/**
 * GSM diagnostic (class 47; Blue Book 4.7.8) whose attributes are updated from a modem together with capture_time. Without a network: not
 * registered, cell 0, signal quality and bit error rate 99. Versions 0 and 1 have fewer values of ps_status; version 2 by default.
 */
export function gsmDiagnostic(
  instance: LogicalName,
  { version = 2, ...options }: SnapshotOptions<Partial<GsmSnapshot>> & { readonly version?: 0 | 1 | 2 },
  hooks: Hooks<Gsm> = {},
): CosemObject<Gsm> {
  const spec = [GsmDiagnostic0, GsmDiagnostic1, GsmDiagnostic2][version] as Gsm;
  const none = { ...noNetwork, cellInfo: version === 0 ? noCell0 : noCell };
  const values = { ...none, captureTime: unspecifiedDateTime } as unknown as Values<Gsm>;
  return object(spec, instance, values, { time: renewing<Gsm>(options, none, true), ...hooks });
}

const unknown = 255;
const noTimers = { t3402: 0, t3412: 0, qRxlevMin: 0 };
const noParameters = { ...noTimers, t3412ext2: 0, t3324: 0, teDrx: 0, tptw: 0, qRxlevMinCe: 0, qRxlevMinCe1: 0 };

/** LTE monitoring (class 151, version 0; Blue Book 4.7.9), updated from a modem. Without a network RSRP and RSRQ are 255, not known. */
export function lteMonitoring0(
  instance: LogicalName,
  options: SnapshotOptions<Values<typeof LteMonitoring0>>,
  hooks: Hooks<typeof LteMonitoring0> = {},
): CosemObject<typeof LteMonitoring0> {
  const none = { lteNetworkParameters: { ...noTimers, rsrq: unknown, rsrp: unknown } };
  return object(LteMonitoring0, instance, none, {
    time: renewing<typeof LteMonitoring0>(options, none, false),
    ...hooks,
  });
}

/** LTE monitoring, version 1. Its quality values are signed, and without a network they keep their last values. */
export function lteMonitoring(
  instance: LogicalName,
  options: SnapshotOptions<Values<typeof LteMonitoring1>>,
  hooks: Hooks<typeof LteMonitoring1> = {},
): CosemObject<typeof LteMonitoring1> {
  const first = {
    lteNetworkParameters: noParameters,
    lteQualityOfService: { rsrq: 0, rsrp: 0, snr: 0, coverageEnhancement: 0 },
  };
  return object(LteMonitoring1, instance, first, {
    time: renewing<typeof LteMonitoring1>(options, {}, false),
    ...hooks,
  });
}

/** A signal quality (0 to 31) in dBm: -113 to -51 in steps of 2; undefined for 99, not known. */
export const signalStrength = (quality: number): number | undefined =>
  quality >= 0 && quality <= 31 ? 2 * quality - 113 : undefined;
