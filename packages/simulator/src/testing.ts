export { type MeterReference, type TestMeter, type TestMeterOptions, testMeter } from "./testing/test-meter.ts";
