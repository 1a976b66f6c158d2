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
  /** Flow control; `none` by default. */
  readonly flowControl?: "none" | "rts-cts" | "xon-xoff";
  /** For RS-485 transceivers that do not detect the direction themselves. */
  readonly rs485?: Rs485;
  /** Minimum time without an octet on the line before this end sends, ms; 0 by default. HDLC frames with their flags need none. */
  readonly silence?: number;
  readonly clock?: Clock;
}

/** Loads the package serialport; a test can replace it. */
export type LoadSerialport = () => Promise<Pick<typeof import("serialport"), "SerialPort">>;

/**
 * Opens a serial port, `/dev/ttyUSB0` or `COM3`. A serial line cannot signal its end: `ended` is never called, and `closed` has Fault
 * `line-lost` if the device is removed. Faults: `serialport-missing`, `no-such-port`, `not-permitted`, `port-in-use`, `bad-value`,
 * `transport-failed`.
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
      // A connection that was not started must also be informed of the end.
      if (!line.started) line.start(connection);
      line.close();
    },
  });
}

/** A port that was just closed stays locked until its last read has returned: the number of attempts, and the time between them, ms. */
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
  /** Called when octets are received while no connection is open; it must `start` the connection. */
  accept(duplex: Duplex): void;
  /** Called when the device was removed (`line-lost`), and when it cannot be opened again. */
  failed?(fault: Fault): void;
  /** Whether this end sends first: a connection is open while the port is open, and does not wait for octets. */
  readonly speaksFirst?: boolean;
}

/** Time between attempts to open a removed device again, ms: at first, and at most. */
const firstRetry = 500;
const lastRetry = 30_000;

/**
 * Listens on a serial port. The first octets on an idle line open a connection; after its end, the next octets open another one. Each
 * connection starts with the baud rate of the options; the port stays open. A removed device is opened again when it is available.
 * `host` of the listener is the path. Faults as for `serialOpen`.
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
