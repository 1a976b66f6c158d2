// The browser version of `@dlmskit/transport/serial`: every function rejects with a Fault.
import { none } from "./browser.ts";

/** Each rejects with Fault `transport-failed`. */
export const serialOpen = none("serial port of Node");
export const serialListen = none("serial port of Node");
