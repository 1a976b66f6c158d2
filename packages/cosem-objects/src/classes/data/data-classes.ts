import type { ClassSpec } from "../../interface-class.ts";
import { CompactData0, CompactData1 } from "./compact-data.ts";
import { DataClass } from "./data.ts";
import { DemandRegister } from "./demand-register.ts";
import { ExtendedRegister } from "./extended-register.ts";
import { MeasurementDataMonitoring } from "./measurement-data-monitoring.ts";
import { ProfileGeneric, ProfileGeneric0 } from "./profile-generic.ts";
import { Register } from "./register.ts";
import { RegisterActivation } from "./register-activation.ts";
import { RegisterTable } from "./register-table.ts";
import { StatusMapping } from "./status-mapping.ts";
import { UtilityTables } from "./utility-tables.ts";

/** The classes for parameters and measurement data (Blue Book 4.3), by id and version. */
export const dataClasses: readonly ClassSpec[] = [
  DataClass,
  Register,
  ExtendedRegister,
  DemandRegister,
  RegisterActivation,
  ProfileGeneric0,
  ProfileGeneric,
  UtilityTables,
  RegisterTable,
  CompactData0,
  CompactData1,
  StatusMapping,
  MeasurementDataMonitoring,
];
