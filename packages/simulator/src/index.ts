export * from "./model/calendar.ts";
export * from "./model/load-profile.ts";
export * from "./model/model.ts";
export {
  checkPowerQuality,
  type PowerQualityEvent,
  type PowerQualityRow,
  type PowerQualityType,
  powerQualityTypes,
} from "./model/power-quality.ts";
export * from "./templates/default-configuration.ts";
