export {
  type FailedCall,
  type FailingStore,
  type FailureTime,
  failing,
  failureTimes,
  type StoreFailure,
} from "./testing/failing-store.ts";
export { type OpenedStore, type OpenStore, testSealing } from "./testing/harness.ts";
export { storageSuite } from "./testing/suite.ts";
