import { Fault, type Link } from "@dlmskit/core";
import { type DataSet, ModeEServer, TelegramServer } from "@dlmskit/iec62056-21";
import type { LinkFactory, ListenSpec } from "@dlmskit/server";
import type { CommunicationPort } from "@dlmskit/storage";
import { type Duplex, LinkPump } from "@dlmskit/transport";
import type { SerialOptions } from "@dlmskit/transport/serial";

/** A serial line to the meters, with HDLC or M-Bus. */
export interface SerialLineOptions extends SerialOptions {
  /** `/dev/ttyUSB0`, `COM3`. */
  readonly path: string;
  /** Whether clients first sign on with protocol mode E of IEC 62056-21. The sign-on is at `baudRate`, 300 by default. */
  readonly modeE?: boolean;
  /**
   * The period in ms of the telegrams that the first meter sends in place of HDLC, like a P1 customer interface. 115200 baud by default;
   * up to 9600 baud with 7E1, whose parity is made in software.
   */
  readonly telegram?: number;
  /** A real modem is on the line: meters answer its calls. `ring`: with ATA after RING; `auto`: the modem answers by itself (S0=1). */
  readonly modem?: "ring" | "auto";
}

/**
 * The readout of a meter by its device address, which is usually the serial number. An empty address is the first meter. Undefined: there
 * is no such meter.
 */
export type ReadoutOf = (deviceAddress: string) => Promise<readonly DataSet[]> | undefined;

const manufacturer = "DLM";
const identification = "SIMULATOR";

/** A value that is read in the background. `start` begins the read. `taken` is the result, undefined until it is available. */
class Prepared {
  #dataSets: readonly DataSet[] | undefined;
  #asked = 0;

  start(reading: Promise<readonly DataSet[]> | undefined): boolean {
    const asked = ++this.#asked;
    this.#dataSets = undefined;
    // If a meter cannot be read, it has no readout.
    const keep = (dataSets: readonly DataSet[]): void => {
      if (asked === this.#asked) this.#dataSets = dataSets;
    };
    reading?.then(keep, () => keep([]));
    return reading !== undefined;
  }

  get dataSets(): readonly DataSet[] | undefined {
    return this.#dataSets;
  }
}

function modeELink(link: Link, initialBaudRate: number, readout: ReadoutOf): Link {
  const prepared = new Prepared();
  return new ModeEServer({
    link,
    identification: { manufacturer, baudRate: "5", enhanced: "2", identification },
    deviceAddress: (address) => prepared.start(readout(address)),
    readout: () => prepared.dataSets,
    initialBaudRate,
  });
}

function telegramLink(every: number, parity: boolean, readout: ReadoutOf): Link {
  const prepared = new Prepared();
  let begun = false;
  const telegram = () => {
    if (!begun) begun = prepared.start(readout(""));
    const { dataSets } = prepared;
    if (dataSets === undefined) return undefined;
    begun = false;
    return { identification: { manufacturer, baudRate: "5", enhanced: "2", identification }, dataSets, crc: true };
  };
  return new TelegramServer({ telegram, every, parity });
}

/** The default device for the port number of a row. */
export const defaultSerialPath = (portNumber: number): string =>
  process.platform === "win32" ? `COM${portNumber}` : `/dev/ttyS${portNumber}`;

/** The interval of the telegrams of a row, ms: that of DSMR before version 5, and of version 5. */
const slowTelegrams = 10_000;
const fastTelegrams = 1000;
const telegramRate = 115_200;
/** Telegrams up to this rate have 7E1. */
const fastestWithParity = 9600;

/**
 * The serial line of a row of a serial port. What is on the line follows from its settings:
 *
 * - 300 baud, 7E1: an optical head. Clients sign on with mode E, or read the data block.
 * - another rate with 7E1: a customer interface (mode D, P1 before DSMR 4), a telegram every 10 s.
 * - 115200 baud, 8N1, RTS_CTS: a customer interface (P1 from DSMR 4 on), a telegram every second.
 * - RTS_CTS otherwise: a modem. Its calls are answered with ATA.
 * - 8 data bits with even parity: wired M-Bus.
 * - anything else: HDLC.
 */
export function lineOfRow(row: CommunicationPort, path: string): SerialLineOptions {
  const { baudRate, dataBits, stopBits, parity, flowControl } = row;
  if (dataBits === 7 && parity === "EVEN" && baudRate !== undefined) {
    return baudRate === 300 ? { path, baudRate, modeE: true } : { path, baudRate, telegram: slowTelegrams };
  }
  const has8N1 = (dataBits ?? 8) === 8 && (parity ?? "NONE") === "NONE";
  const telegram = baudRate === telegramRate && has8N1 && flowControl === "RTS_CTS";
  return {
    path,
    ...(baudRate === undefined ? {} : { baudRate }),
    ...(dataBits === undefined ? {} : { dataBits: dataBits as 5 | 6 | 7 | 8 }),
    ...(stopBits === undefined ? {} : { stopBits: stopBits as 1 | 2 }),
    ...(parity === undefined ? {} : { parity: parity.toLowerCase() as "none" | "even" | "odd" | "mark" | "space" }),
    // A P1 port has no CTS: RTS asks for telegrams, which are sent in any case.
    ...(telegram
      ? { telegram: fastTelegrams }
      : flowControl === undefined
        ? {}
        : { flowControl: flowNames[flowControl] }),
    ...(flowControl === "RTS_CTS" && !telegram && { modem: "ring" as const }),
  };
}

const flowNames = { NONE: "none", RTS_CTS: "rts-cts", XON_XOFF: "xon-xoff" } as const;

/** Listens on a line. Faults of `serialListen`. */
export function serialSpec(
  { path, modeE = false, telegram, modem, ...settings }: SerialLineOptions,
  hdlc: LinkFactory,
  readout: ReadoutOf,
): ListenSpec {
  // A slow telegram has 7E1. Its parity is made here, as that of the sign-on is: the port has 8N1.
  const { parity: _, ...rest } = settings;
  const slow = (settings.baudRate ?? telegramRate) <= fastestWithParity && settings.dataBits === undefined;
  const parity = telegram !== undefined && slow;
  const options = parity ? rest : settings;
  if (modeE && (options.dataBits ?? 8) !== 8) {
    throw new Fault("bad-value", "mode E needs a port with 8N1: the simulator makes the parity of 7E1 itself", {
      layer: "simulator",
      hint: "do not set data bits and parity",
    });
  }
  const initialBaudRate = options.baudRate ?? (modeE ? 300 : telegram === undefined ? 9600 : 115_200);
  const link: LinkFactory = (knows) => (modeE ? modeELink(hdlc(knows), initialBaudRate, readout) : hdlc(knows));
  return {
    link,
    async listen(accept, _, { failed }) {
      const { serialListen } = await import("@dlmskit/transport/serial");
      const line = { ...options, baudRate: initialBaudRate, failed };
      // A modem is prepared before a call.
      if (telegram === undefined) return serialListen(path, { ...line, accept, speaksFirst: modem !== undefined });
      const { systemClock } = await import("@dlmskit/transport/node");
      // Nobody is connected. The telegram is sent to every listener on the line.
      const push = (duplex: Duplex): void => {
        const pump = new LinkPump({ link: telegramLink(telegram, parity, readout), duplex, clock: systemClock });
        pump.start({ received: () => undefined, closed: () => undefined });
      };
      return serialListen(path, { ...line, accept: push, speaksFirst: true });
    },
  };
}
