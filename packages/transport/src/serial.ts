export {
  type SerialListenOptions,
  type SerialOptions,
  type SerialParity,
  serialListen,
  serialOpen,
} from "./serial/serial-port.ts";
