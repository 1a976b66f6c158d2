export * from "./model/calendar.ts";
export * from "./model/model.ts";
export type { PowerQualityEvent } from "./model/power-quality.ts";
export { type ClientIdentity, type Identity, identitiesCsv, identitiesJson } from "./simulate/identities.ts";
export { type ClientKeys, type KeysFile, parseKeysFile } from "./simulate/keys-file.ts";
export type {
  LinkName,
  ListeningPort,
  ListenOptions,
  Simulator,
  SimulatorListening,
  SimulatorOptions,
} from "./simulate/options.ts";
export { createSimulator } from "./simulate/simulator.ts";
export * from "./templates/default-configuration.ts";
export type { LoggedEvent, SimulatorTemplate, TemplateClient } from "./templates/template.ts";
