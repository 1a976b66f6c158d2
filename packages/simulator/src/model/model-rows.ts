import type { LoadProfileTemplate, PowerQualityEventConfig } from "@dlmskit/storage";
import type { Calendar } from "./calendar.ts";
import type { Network } from "./network.ts";

/** The values from which a model is made, for all meters. */
export interface ModelRows {
  readonly templates: readonly LoadProfileTemplate[];
  readonly powerQuality?: readonly PowerQualityEventConfig[];
  /** Local time: minutes east of UTC; 330 (India) by default. */
  readonly zoneMinutesEast?: number;
  /** In place of the calendar of the rows. Without one in the rows, `indianCalendar`. */
  readonly calendar?: Calendar;
  /** V; 230 by default. */
  readonly nominalVoltage?: number;
  /** Hz; 50 by default. */
  readonly nominalFrequency?: number;
  /**
   * A solar plant: kW that a household of size 1 generates at noon in summer. A larger household has a larger plant. The energy that the
   * house does not need is exported. 0 by default.
   */
  readonly solarPeak?: number;
  /** 1 by default. */
  readonly phases?: 1 | 3;
  /** How the meters are connected. Without it, no two meters share an event of the supply. */
  readonly network?: Network | undefined;
}
