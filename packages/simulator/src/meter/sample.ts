import { type CosemDateTime, unspecifiedDateTime } from "@dlmskit/core";
import type { Context } from "@dlmskit/cosem-objects";
import type { Demand } from "../model/model.ts";
import { monthOf, startOfMonth } from "./local-time.ts";
import type { SimulatedMeter } from "./simulated-meter.ts";

/** The moment that a value is of: now, or a row's. Instants are ms since 1970 UTC. */
export interface Sample {
  readonly at: number;
  /** ms: how long an average or a block is. */
  readonly period: number;
  /** The start of the billing period that ends at `at`; the month that runs unless told otherwise. */
  readonly from?: number;
}

/** What a template has to say about its measurements. */
export interface MeasuringOptions {
  readonly phases: 1 | 3;
  readonly demandMinutes: number;
}

/** A number in the measurement's unit, a text or a time. */
export type Measured = number | string | CosemDateTime;

/** What the model has for an OBIS code, and the time that belongs to it (attribute 5 of an Extended register). */
export interface Measurement {
  value(meter: SimulatedMeter, sample: Sample, context: Context): Measured;
  time?(meter: SimulatedMeter, sample: Sample, context: Context): CosemDateTime;
}

/** The start of the billing period that a sample is in. */
export const periodStart = ({ known, zoneMinutesEast }: SimulatedMeter, { at, from }: Sample): number =>
  from ?? Math.max(known.commissionedAt, startOfMonth(monthOf(at, zoneMinutesEast), zoneMinutesEast));

/** An instant as the meter's clock showed it, in whole seconds. */
export const shown = (at: number, { local }: Context): CosemDateTime => local.dateTimeOf(Math.floor(at / 1000) * 1000);

export const demandTime = ({ at }: Demand, context: Context): CosemDateTime =>
  at === undefined ? unspecifiedDateTime : shown(at, context);
