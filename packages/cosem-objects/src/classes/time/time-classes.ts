import type { ClassSpec } from "../../interface-class.ts";
import { ActivityCalendar } from "./activity-calendar.ts";
import { Arbitrator } from "./arbitrator.ts";
import { Clock } from "./clock.ts";
import { DisconnectControl, DisconnectControl1 } from "./disconnect-control.ts";
import { Limiter } from "./limiter.ts";
import { ParameterMonitor0, ParameterMonitor1 } from "./parameter-monitor.ts";
import { RegisterMonitor } from "./register-monitor.ts";
import { Schedule } from "./schedule.ts";
import { ScriptTable } from "./script-table.ts";
import { SensorManager } from "./sensor-manager.ts";
import { SingleActionSchedule } from "./single-action-schedule.ts";
import { SpecialDaysTable } from "./special-days-table.ts";

/** The classes for time and event bound control (Blue Book 4.5), by id and version. */
export const timeClasses: readonly ClassSpec[] = [
  Clock,
  ScriptTable,
  Schedule,
  SpecialDaysTable,
  ActivityCalendar,
  RegisterMonitor,
  SingleActionSchedule,
  ParameterMonitor0,
  ParameterMonitor1,
  SensorManager,
  Arbitrator,
  DisconnectControl,
  DisconnectControl1,
  Limiter,
];
