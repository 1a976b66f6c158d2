import { Fault } from "@dlmskit/core";
import type { Duplex } from "../duplex.ts";
import { Terminal, type TerminalOptions } from "./terminal.ts";

export interface DialOptions extends TerminalOptions {
  /** The dial string: digits, and other characters that the modem supports (`T`, `,`, `W`). */
  readonly number: string;
  /** Commands before dialling, each answered by OK; `ATZ` and `ATE0` by default. */
  readonly init?: readonly string[];
  /** How long to wait for CONNECT, ms; 60,000 by default. */
  readonly timeout?: number;
}

/**
 * Dials a meter with a Hayes modem on a serial line or behind a TCP connection, and returns the call as a connection. Its `end` hangs
 * up (`+++`, ATH), then ends the line. Faults: `dial-failed` (BUSY, NO CARRIER …), `modem-silent`, and those of the line.
 */
export async function dial(line: Duplex, options: DialOptions): Promise<Duplex> {
  const { number, init = ["ATZ", "ATE0"], timeout = 60_000 } = options;
  const remote = `${number} by ${line.remote}`;
  const terminal = new Terminal(line, options, { remote, over: () => line.end() });
  try {
    if (!/^[0-9A-Za-z*#+,;!@ -]+$/.test(number)) {
      throw new Fault("bad-value", `"${number}" cannot be dialled`, {
        layer: "transport",
        hint: "digits, such as 0301234567",
      });
    }
    terminal.start();
    for (const command of init) {
      const result = await terminal.ask(command);
      if (result !== "OK") throw modemRefused(command, result);
    }
    const result = await terminal.ask(`ATD${number}`, timeout);
    const { call } = terminal;
    if (call === undefined) throw modemRefused(`dialling ${number}`, result);
    return call;
  } catch (caught) {
    line.destroy();
    throw caught;
  }
}

/** Fault `dial-failed` for a command that the modem did not do. */
export function modemRefused(what: string, result: string): Fault {
  const hint =
    result === "ERROR"
      ? "the modem does not know the command: give other commands for it"
      : "check the number, and that the meter's modem answers";
  return new Fault("dial-failed", `${what} failed: the modem says ${result}`, { layer: "transport", hint });
}
