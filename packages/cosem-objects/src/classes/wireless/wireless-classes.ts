import type { ClassSpec } from "../../interface-class.ts";
import { LorawanDiagnostic } from "./lorawan-diagnostic.ts";
import { LorawanSetup } from "./lorawan-setup.ts";
import { MplDiagnostic } from "./mpl-diagnostic.ts";
import { RplDiagnostic } from "./rpl-diagnostic.ts";
import { SchcLpwanDiagnostic } from "./schc-lpwan-diagnostic.ts";
import { SchcLpwanSetup } from "./schc-lpwan-setup.ts";
import { WiSunDiagnostic } from "./wi-sun-diagnostic.ts";
import { WiSunSetup } from "./wi-sun-setup.ts";
import { ZigbeeNetworkControl } from "./zigbee-network-control.ts";
import { ZigbeeSasApsFragmentation } from "./zigbee-sas-aps-fragmentation.ts";
import { ZigbeeSasJoin } from "./zigbee-sas-join.ts";
import { ZigbeeSasStartup } from "./zigbee-sas-startup.ts";
import { ZigbeeTunnelSetup } from "./zigbee-tunnel-setup.ts";

/** The classes for ZigBee, LPWAN and Wi-SUN (Blue Book 4.15 to 4.17), by id and version. */
export const wirelessClasses: readonly ClassSpec[] = [
  WiSunSetup,
  WiSunDiagnostic,
  RplDiagnostic,
  MplDiagnostic,
  ZigbeeSasStartup,
  ZigbeeSasJoin,
  ZigbeeSasApsFragmentation,
  ZigbeeNetworkControl,
  ZigbeeTunnelSetup,
  SchcLpwanSetup,
  SchcLpwanDiagnostic,
  LorawanSetup,
  LorawanDiagnostic,
];
