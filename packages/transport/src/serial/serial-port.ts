import { Fault } from "@dlmskit/core";
import type { SerialPort } from "serialport";
import type { Clock } from "../clock.ts";
import type { Duplex, Listener } from "../duplex.ts";
import { systemClock } from "../node/system-clock.ts";
import { acceptOrDestroy } from "../node/tcp.ts";
import { LineConnection } from "./line-connection.ts";
import { serialFault, serialportMissing } from "./serial-fault.ts";
import { type Rs485, SerialLine } from "./serial-line.ts";

export type SerialParity = "none" | "even" | "odd" | "mark" | "space";

/** The settings of a port; 9600 baud, 8 data bits, no parity, 1 stop bit (8N1) by default. */
export interface SerialOptions {
  readonly baudRate?: number;
  readonly dataBits?: 5 | 6 | 7 | 8;
  readonly parity?: SerialParity;
  readonly stopBits?: 1 | 2;
  /** Who may send when: `none` by default. */
  readonly flowControl?: "none" | "rts-cts" | "xon-xoff";
  /** For RS-485 transceivers that do not find the direction out by themselves. */
  readonly rs485?: Rs485;
  /** ms without an octet on the line before this end sends; 0 by default. HDLC frames and their flags need none. */
  readonly silence?: number;
  readonly clock?: Clock;
}

/** How the package is found; a test gives its own. */
export type LoadSerialport = () => Promise<Pick<typeof import("serialport"), "SerialPort">>;

/**
 * Opens a serial port, `/dev/ttyUSB0` or `COM3`. A line has no end of its own: `ended` is never told, and `closed` has Fault
 * `line-lost` where the device goes away. Faults: `serialport-missing`, `no-such-port`, `not-permitted`, `port-in-use`,
 * `bad-value`, `transport-failed`.
 */
export async function serialOpen(
  path: string,
  options: SerialOptions = {},
  load: LoadSerialport = () => import("serialport"),
): Promise<Duplex> {
  const line = await lineOf(path, options, load);
  return new LineConnection(line, {
    begin: (connection) => line.start(connection),
    release(connection) {
      // Where it was not started, it must hear of the end all the same.
      if (!line.started) line.start(connection);
      line.close();
    },
  });
}

/** A port that was closed a moment ago stays locked until its last read has returned: how often it is tried, ms between. */
const tries = 5;
const betweenTries = 60;

async function opened(make: () => SerialPort, tried: string): Promise<SerialPort> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await new Promise<SerialPort>((resolve, reject) => {
        const port = make();
        port.open((error) => (error ? reject(error) : resolve(port)));
      });
    } catch (cause) {
      const fault = serialFault(cause, tried);
      if (fault.code !== "port-in-use" || attempt === tries) throw fault;
      await new Promise<void>((resolve) => void systemClock.at(systemClock.now() + betweenTries, resolve));
    }
  }
}

async function lineOf(path: string, options: SerialOptions, load: LoadSerialport): Promise<SerialLine> {
  const { baudRate = 9600, dataBits = 8, parity = "none", stopBits = 1, flowControl = "none", rs485 } = options;
  const { clock = systemClock, silence } = options;
  if (rs485 !== undefined && flowControl === "rts-cts") {
    const hint = "RTS selects the direction of RS-485: use no flow control, or xon-xoff";
    throw new Fault("bad-value", "RTS cannot select the direction and control the flow", { layer: "transport", hint });
  }
  if (!(baudRate > 0 && [5, 6, 7, 8].includes(dataBits) && [1, 2].includes(stopBits))) {
    const hint = "use for example 9600 baud, 8 data bits, 1 stop bit";
    const said = `${baudRate} baud, ${dataBits} data bits, ${stopBits} stop bits`;
    throw new Fault("bad-value", `a serial port cannot have ${said}`, { layer: "transport", hint });
  }
  let Port: typeof SerialPort;
  try {
    ({ SerialPort: Port } = await load());
  } catch (cause) {
    throw serialportMissing(cause);
  }
  const port = await opened(
    () =>
      new Port({
        ...{ path, baudRate, dataBits, parity, stopBits },
        ...{ rtscts: flowControl === "rts-cts", xon: flowControl === "xon-xoff", xoff: flowControl === "xon-xoff" },
        autoOpen: false,
      }),
    `open ${path}`,
  );
  const line = new SerialLine(port, baudRate, path, clock, { rs485, silence });
  if (rs485 === undefined) return line;
  return new Promise((resolve, reject) => {
    port.set({ rts: rs485.rts === "low" }, (error) => {
      if (!error) resolve(line);
      else port.close(() => reject(serialFault(error, `${path}: RTS, which selects the direction of RS-485`)));
    });
  });
}

export interface SerialListenOptions extends SerialOptions {
  /** Called when octets come while no connection is open; it must `start` what it is given. */
  accept(duplex: Duplex): void;
  /** Hears of a device that went away (`line-lost`) and of what keeps it from being opened again. */
  failed?(fault: Fault): void;
  /** Whether this end speaks first: a connection is open as long as the port is, without waiting for octets. */
  readonly speaksFirst?: boolean;
}

/** How long after a device went away it is looked for again, ms: at first, and at most. */
const firstRetry = 500;
const lastRetry = 30_000;

/**
 * Listens on a serial port. The first octets on a silent line open a connection, and the next ones after its end another, each at
 * the baud rate of the options; the port stays open. A device that goes away is opened again when it is back. `host` of the
 * listener is the path. Faults as `serialOpen`.
 */
export async function serialListen(
  path: string,
  options: SerialListenOptions,
  load: LoadSerialport = () => import("serialport"),
): Promise<Listener> {
  const { accept, failed, baudRate = 9600, clock = systemClock, speaksFirst = false } = options;
  let line: SerialLine | undefined;
  let connection: LineConnection | undefined;
  let closed: (() => void) | undefined;
  let isClosing = false;
  const serve = (opened: SerialLine): void => {
    line = opened;
    const release = (released: LineConnection): void => {
      connection = undefined;
      opened.changeBaudRate(baudRate);
      released.closed();
    };
    const begin = (): void => {
      connection = new LineConnection(opened, { release });
      acceptOrDestroy(connection, accept, failed);
    };
    opened.start({
      received(octets) {
        if (connection === undefined) begin();
        connection?.received(octets);
      },
      drained: () => connection?.drained(),
      closed(fault) {
        line = undefined;
        connection?.closed(fault);
        connection = undefined;
        if (isClosing) {
          closed?.();
          return;
        }
        if (fault !== undefined) failed?.(fault);
        again(firstRetry);
      },
    });
    if (speaksFirst) begin();
  };
  const again = (delay: number): void => {
    clock.at(clock.now() + delay, () => {
      if (isClosing) return;
      lineOf(path, options, load).then(
        (opened) => (isClosing ? opened.close() : serve(opened)),
        () => again(Math.min(delay * 2, lastRetry)),
      );
    });
  };
  serve(await lineOf(path, options, load));
  const close = (): Promise<void> => {
    isClosing = true;
    const open = line;
    if (open === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      closed = resolve;
      open.close();
    });
  };
  return {
    host: path,
    port: 0,
    get connections() {
      return connection === undefined ? 0 : 1;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
