import { Fault, type Link } from "@dlmskit/core";
import { ModeEServer } from "@dlmskit/iec62056-21";
import type { LinkFactory, ListenSpec } from "@dlmskit/server";
import type { CommunicationPort } from "@dlmskit/storage";
import type { SerialOptions } from "@dlmskit/transport/serial";

/** A serial line that meters are reached on, by HDLC. */
export interface SerialLineOptions extends SerialOptions {
  /** `/dev/ttyUSB0`, `COM3`. */
  readonly path: string;
  /** Whether clients sign on by protocol mode E of IEC 62056-21 first, at `baudRate`, 300 by default. */
  readonly modeE?: boolean;
}

/** The device that a row's number means where nothing else is told. */
export const defaultSerialPath = (portNumber: number): string =>
  process.platform === "win32" ? `COM${portNumber}` : `/dev/ttyS${portNumber}`;

/** What a row of a serial port says. A line of 300 baud, 7E1 is that of an optical head: clients sign on by mode E. */
export function lineOfRow(row: CommunicationPort, path: string): SerialLineOptions {
  const { baudRate, dataBits, stopBits, parity, flowControl } = row;
  if (baudRate === 300 && dataBits === 7 && parity === "EVEN") return { path, baudRate, modeE: true };
  return {
    path,
    ...(baudRate === undefined ? {} : { baudRate }),
    ...(dataBits === undefined ? {} : { dataBits: dataBits as 5 | 6 | 7 | 8 }),
    ...(stopBits === undefined ? {} : { stopBits: stopBits as 1 | 2 }),
    ...(parity === undefined ? {} : { parity: parity.toLowerCase() as "none" | "even" | "odd" | "mark" | "space" }),
    ...(flowControl === undefined ? {} : { flowControl: flowNames[flowControl] }),
  };
}

const flowNames = { NONE: "none", RTS_CTS: "rts-cts", XON_XOFF: "xon-xoff" } as const;

/** Listens on a line. Faults of `serialListen`. */
export function serialSpec({ path, modeE = false, ...options }: SerialLineOptions, hdlc: LinkFactory): ListenSpec {
  if (modeE && (options.dataBits ?? 8) !== 8) {
    throw new Fault("bad-value", "mode E needs a port with 8N1: the simulator makes the parity of 7E1 itself", {
      layer: "simulator",
      hint: "do not set data bits and parity",
    });
  }
  const initialBaudRate = options.baudRate ?? (modeE ? 300 : 9600);
  const link: LinkFactory = (knows): Link =>
    modeE
      ? new ModeEServer({
          link: hdlc(knows),
          identification: { manufacturer: "DLM", baudRate: "5", enhanced: "2", identification: "SIMULATOR" },
          deviceAddress: "",
          initialBaudRate,
        })
      : hdlc(knows);
  return {
    link,
    async listen(accept, _, { failed }) {
      const { serialListen } = await import("@dlmskit/transport/serial");
      return serialListen(path, { ...options, baudRate: initialBaudRate, accept, failed });
    },
  };
}
