export { type OpenedStore, type OpenStore, testSealing } from "./testing/harness.ts";
export { storageSuite } from "./testing/suite.ts";
