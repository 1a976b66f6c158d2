import type { ClassSpec } from "../../interface-class.ts";
import { DlmsServerMbusPortSetup } from "./dlms-server-mbus-port-setup.ts";
import { MbusClient0, MbusClient1 } from "./mbus-client.ts";
import { MbusDiagnostic } from "./mbus-diagnostic.ts";
import { MbusMasterPortSetup } from "./mbus-master-port-setup.ts";
import { MbusSlavePortSetup } from "./mbus-slave-port-setup.ts";
import { WirelessModeQChannel } from "./wireless-mode-q-channel.ts";

/** The classes for M-Bus (Blue Book 4.8), by id and version. */
export const mbusClasses: readonly ClassSpec[] = [
  MbusSlavePortSetup,
  MbusClient0,
  MbusClient1,
  WirelessModeQChannel,
  MbusMasterPortSetup,
  DlmsServerMbusPortSetup,
  MbusDiagnostic,
];
