import { type CosemDateTime, unspecifiedDateTime } from "@dlmskit/core";
import type { Context } from "@dlmskit/cosem-objects";
import type { Demand } from "../model/model.ts";
import { monthOf, startOfMonth } from "./local-time.ts";
import type { MbusChannels } from "./mbus-children.ts";
import type { SimulatedMeter } from "./simulated-meter.ts";

/** The instant of a value: the current time, or the time of a row. Instants are ms since 1970 UTC. */
export interface Sample {
  readonly at: number;
  /** The length of an average or a block, ms. */
  readonly period: number;
  /** The instant of the row before, if rows may be missing between them. */
  readonly since?: number;
  /** The start of the billing period that ends at `at`; the start of the current month by default. */
  readonly from?: number;
}

/** What a template specifies about its measurements. */
export interface MeasuringOptions {
  readonly phases: 1 | 3;
  readonly demandMinutes: number;
  /** The M-Bus channels; without it no object follows a meter on the M-Bus. */
  readonly channels?: MbusChannels;
}

/** A number in the unit of the measurement, a text or a time. */
export type Measured = number | string | CosemDateTime;

/** The value of the model for an OBIS code, and the time of this value (attribute 5 of an Extended register). */
export interface Measurement {
  value(meter: SimulatedMeter, sample: Sample, context: Context): Measured;
  time?(meter: SimulatedMeter, sample: Sample, context: Context): CosemDateTime;
}

/** The start of the billing period of a sample. */
export const periodStart = ({ known, zoneMinutesEast }: SimulatedMeter, { at, from }: Sample): number =>
  from ?? Math.max(known.commissionedAt, startOfMonth(monthOf(at, zoneMinutesEast), zoneMinutesEast));

/** An instant as the clock of the meter showed it, in whole seconds. */
export const shown = (at: number, { local }: Context): CosemDateTime => local.dateTimeOf(Math.floor(at / 1000) * 1000);

export const demandTime = ({ at }: Demand, context: Context): CosemDateTime =>
  at === undefined ? unspecifiedDateTime : shown(at, context);
