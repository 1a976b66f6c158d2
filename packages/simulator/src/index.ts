export { type ClonedSession, type CloneLimits, type CloneOptions, cloneMeter } from "./clone/clone.ts";
export type { LeftOut } from "./clone/gurux/found.ts";
export { type GuruxImport, type GuruxImportOptions, importGurux } from "./clone/gurux/import-gurux.ts";
export { type FaultName, faultKinds, faultNames } from "./faults/fault-kinds.ts";
export { type ExplainedFault, FaultSet, type FaultSetOptions } from "./faults/fault-set.ts";
export {
  type FaultedMeters,
  type FaultSpec,
  type FaultsFile,
  faultsToJson,
  parseFaults,
} from "./faults/faults-file.ts";
export { type AddressSpace, hdlcSpace, type MeterAddress, ownPort, wrapperSpace } from "./fleet/address-space.ts";
export { Addresses, type AddressesOptions, type Place, type Span as MeterSpan } from "./fleet/addresses.ts";
export { Fleet, type FleetDefinition } from "./fleet/fleet.ts";
export {
  GatewayAddresses,
  type GatewayAddressing,
  type GatewaysOptions,
  gatewayAddressings,
} from "./fleet/gateway-addresses.ts";
export type { ClientIdentity, Identity, LinkName, TransportName } from "./fleet/identity.ts";
export { type Identities, identitiesCsv, identitiesJson } from "./fleet/identity-text.ts";
export { type Shard, spanOf } from "./fleet/shard.ts";
export {
  type ClientRow,
  findIdentity,
  type IdentitiesFormat,
  type IdentityRow,
  parseIdentities,
} from "./identities/identities-file.ts";
export {
  type IdentityConnection,
  identityLink,
  identityOptions,
  type OwnSecurity,
} from "./identities/identity-options.ts";
export { instantOfText } from "./instant-text.ts";
export type { HistoryKind, Span } from "./meter/event-history.ts";
export { Journal, type JournalEntry, type SwitchLog } from "./meter/journal.ts";
export * from "./meter/profiles.ts";
export { Readings } from "./meter/readings.ts";
export { SimulatedMeter, simulated } from "./meter/simulated-meter.ts";
export type { TariffDay, ZoneEnergy } from "./meter/tariff.ts";
export * from "./model/calendar.ts";
export * from "./model/model.ts";
export { type Population, parsePopulation } from "./model/population.ts";
export type { PowerQualityEvent } from "./model/power-quality.ts";
export { type Anonymised, type AnonymiseOptions, anonymiseRecord } from "./record/anonymise.ts";
export type { Departure } from "./record/departure.ts";
export { parseRecord, type RecordedApdu, type RecordedSession } from "./record/record-file.ts";
export { type Replay, type ReplayOptions, replayRecord } from "./record/replay.ts";
export { type RecordOptions, recordingTap } from "./record/session-tap.ts";
export type { CallInOptions, CallingIn } from "./simulate/call-in.ts";
export { type ClientKeys, type KeysFile, parseKeysFile } from "./simulate/keys-file.ts";
export type {
  Explanation,
  IdentitiesOptions,
  ListeningPort,
  ListenOptions,
  Reached,
  Simulator,
  SimulatorListening,
  SimulatorOptions,
} from "./simulate/options.ts";
export type { SerialLineOptions } from "./simulate/serial-line.ts";
export { createSimulator } from "./simulate/simulator.ts";
export type { SimulatorSnapshots, TakenSnapshot } from "./simulate/snapshots.ts";
export { pushLayoutsOf } from "./simulate/unasked.ts";
export type { WorkerOptions } from "./simulate/workers.ts";
export { loadTemplate, templateNames, templateText } from "./template-files.ts";
export { customerClasses } from "./templates/customer-classes.ts";
export type { TemplateForm } from "./templates/data/form.ts";
export { formOf, templateJson } from "./templates/data/form-of.ts";
export { parseTemplate } from "./templates/data/parse-template.ts";
export { plainToken } from "./templates/data/tokens.ts";
export * from "./templates/default-configuration.ts";
export { is15959D1 } from "./templates/is15959/d1.ts";
export type { LoggedEvent, SimulatorTemplate, TemplateClient } from "./templates/template.ts";
export { templates } from "./templates/templates.ts";
export {
  type CampaignItem,
  type CampaignOptions,
  type CampaignReading,
  type CampaignRow,
  parseCampaign,
} from "./truth/campaign.ts";
export type { Cell } from "./truth/cells.ts";
export type { Predicted } from "./truth/predict.ts";
export type { TruthColumn, TruthRecord, TruthRow, TruthTotal } from "./truth/records.ts";
export { type Counts, type MeterScore, type Score, type ScoreOptions, scoreCampaign } from "./truth/score.ts";
export { openTruth, type TruthOptions, type TruthSource } from "./truth/source.ts";
export { type Period, type TruthRange, truth } from "./truth/truth.ts";
export { cellsOf, type TruthCell, truthCsv, truthJson } from "./truth/truth-text.ts";
export { type ClauseName, type Finding, type ValidationOptions, validateObjectList } from "./validate/validate.ts";
