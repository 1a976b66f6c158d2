export type { ShownApdu } from "./control/apdu-rings.ts";
export {
  Control,
  type FleetState,
  type Invocation,
  type ListedMeter,
  type MeterState,
  type Page,
  type TimeState,
} from "./control/control.ts";
export type { ProfileChart } from "./control/day.ts";
export type { Feeder } from "./control/feeders.ts";
export { openApiDocument } from "./control/openapi.ts";
export type { Switched } from "./control/power.ts";
export { type ServeControlOptions, type ServedControl, serveControl } from "./control/serve.ts";
export type { ListedSession, SessionsOptions } from "./control/sessions.ts";
export type { ListedObject, ReadValue } from "./control/values.ts";
export { type Counts, Watch } from "./control/watch.ts";
