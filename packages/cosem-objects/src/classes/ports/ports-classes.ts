import type { ClassSpec } from "../../interface-class.ts";
import { AutoAnswer0, AutoAnswer2 } from "./auto-answer.ts";
import { AutoConnect0, AutoConnect1, AutoConnect2 } from "./auto-connect.ts";
import { GprsModemSetup } from "./gprs-modem-setup.ts";
import { GsmDiagnostic0, GsmDiagnostic1, GsmDiagnostic2 } from "./gsm-diagnostic.ts";
import { IecHdlcSetup0, IecHdlcSetup1 } from "./iec-hdlc-setup.ts";
import { IecLocalPortSetup0, IecLocalPortSetup1 } from "./iec-local-port-setup.ts";
import { IecTwistedPairSetup0, IecTwistedPairSetup1 } from "./iec-twisted-pair-setup.ts";
import { LteMonitoring0, LteMonitoring1 } from "./lte-monitoring.ts";
import { ModemConfiguration0, ModemConfiguration1 } from "./modem-configuration.ts";

/** The classes for local ports and modems (Blue Book 4.7), by id and version. */
export const portsClasses: readonly ClassSpec[] = [
  IecLocalPortSetup0,
  IecLocalPortSetup1,
  IecHdlcSetup0,
  IecHdlcSetup1,
  IecTwistedPairSetup0,
  IecTwistedPairSetup1,
  ModemConfiguration0,
  ModemConfiguration1,
  AutoAnswer0,
  AutoAnswer2,
  AutoConnect0,
  AutoConnect1,
  AutoConnect2,
  GprsModemSetup,
  GsmDiagnostic0,
  GsmDiagnostic1,
  GsmDiagnostic2,
  LteMonitoring0,
  LteMonitoring1,
];
