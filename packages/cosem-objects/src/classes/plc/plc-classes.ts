import type { ClassSpec } from "../../interface-class.ts";
import {
  G3AdaptationLayerSetup1,
  G3AdaptationLayerSetup2,
  G3AdaptationLayerSetup3,
  G3AdaptationLayerSetup4,
} from "./g3-6lowpan-adaptation-layer-setup.ts";
import { G3HybridAdaptationLayerSetup } from "./g3-hybrid-6lowpan-adaptation-layer-setup.ts";
import { G3HybridRfMacLayerCounters } from "./g3-hybrid-rf-mac-layer-counters.ts";
import { G3HybridRfMacSetup } from "./g3-hybrid-rf-mac-setup.ts";
import { G3MacLayerCounters } from "./g3-mac-layer-counters.ts";
import { G3MacSetup1, G3MacSetup2, G3MacSetup3, G3MacSetup4 } from "./g3-mac-setup.ts";
import { HsPlcCpasSetup } from "./hs-plc-cpas-setup.ts";
import { HsPlcHdlcSsasSetup } from "./hs-plc-hdlc-ssas-setup.ts";
import { HsPlcIpSsasSetup } from "./hs-plc-ip-ssas-setup.ts";
import { HsPlcMacSetup } from "./hs-plc-mac-setup.ts";
import { Iec61334432LlcSetup0, Iec61334432LlcSetup1 } from "./iec-61334-4-32-llc-setup.ts";
import { Iso14908Diagnostic } from "./iso-14908-diagnostic.ts";
import { Iso14908Identification } from "./iso-14908-identification.ts";
import { Iso14908ProtocolSetup } from "./iso-14908-protocol-setup.ts";
import { Iso14908ProtocolStatus } from "./iso-14908-protocol-status.ts";
import { LlcSscsSetup } from "./llc-sscs-setup.ts";
import { LlcType1Setup } from "./llc-type-1-setup.ts";
import { LlcType2Setup } from "./llc-type-2-setup.ts";
import { LlcType3Setup } from "./llc-type-3-setup.ts";
import { PrimeApplicationIdentification } from "./prime-application-identification.ts";
import { PrimeMacCounters } from "./prime-mac-counters.ts";
import { PrimeMacFunctionalParameters } from "./prime-mac-functional-parameters.ts";
import { PrimeMacNetworkAdministrationData } from "./prime-mac-network-administration-data.ts";
import { PrimeMacSetup } from "./prime-mac-setup.ts";
import { PrimePhysicalLayerCounters } from "./prime-physical-layer-counters.ts";
import { SfskActiveInitiator } from "./s-fsk-active-initiator.ts";
import { SfskMacCounters } from "./s-fsk-mac-counters.ts";
import { SfskMacSynchronizationTimeouts } from "./s-fsk-mac-synchronization-timeouts.ts";
import { SfskPhyMacSetup0, SfskPhyMacSetup1 } from "./s-fsk-phy-mac-setup.ts";
import { SfskReportingSystemList } from "./s-fsk-reporting-system-list.ts";

/** The classes for power line communication and LLC layers (Blue Book 4.10 to 4.14, 4.18), by id and version. */
export const plcClasses: readonly ClassSpec[] = [
  SfskPhyMacSetup0,
  SfskPhyMacSetup1,
  SfskActiveInitiator,
  SfskMacSynchronizationTimeouts,
  SfskMacCounters,
  Iec61334432LlcSetup0,
  Iec61334432LlcSetup1,
  SfskReportingSystemList,
  LlcType1Setup,
  LlcType2Setup,
  LlcType3Setup,
  LlcSscsSetup,
  PrimePhysicalLayerCounters,
  PrimeMacSetup,
  PrimeMacFunctionalParameters,
  PrimeMacCounters,
  PrimeMacNetworkAdministrationData,
  PrimeApplicationIdentification,
  G3MacLayerCounters,
  G3MacSetup1,
  G3MacSetup2,
  G3MacSetup3,
  G3MacSetup4,
  G3AdaptationLayerSetup1,
  G3AdaptationLayerSetup2,
  G3AdaptationLayerSetup3,
  G3AdaptationLayerSetup4,
  Iso14908Identification,
  Iso14908ProtocolSetup,
  Iso14908ProtocolStatus,
  Iso14908Diagnostic,
  HsPlcMacSetup,
  HsPlcCpasSetup,
  HsPlcIpSsasSetup,
  HsPlcHdlcSsasSetup,
  G3HybridRfMacLayerCounters,
  G3HybridRfMacSetup,
  G3HybridAdaptationLayerSetup,
];
