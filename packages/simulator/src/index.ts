export * from "./model/calendar.ts";
export * from "./model/model.ts";
export type { PowerQualityEvent } from "./model/power-quality.ts";
export * from "./templates/default-configuration.ts";
