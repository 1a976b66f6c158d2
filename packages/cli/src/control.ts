import { Fault } from "@dlmskit/core";
import type { Simulator, SimulatorOptions } from "@dlmskit/simulator";
import type { Control, ControlPort, ServedControl, Watch } from "@dlmskit/simulator/control";
import { readText } from "./keys-file.ts";
import { warnIfReadable } from "./private-file.ts";

export interface ControlOptions {
  readonly control?: number;
  readonly controlHost?: string;
  readonly controlToken?: string;
}

/** The token in a file: its text without blanks at the ends. Faults `no-such-file`, `bad-option`. */
export function readToken(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const text = readText(path)?.trim();
  if (text === undefined) throw new Fault("no-such-file", `the file ${path} cannot be read`, { layer: "cli" });
  if (!/^[\x21-\x7e]{16,}$/.test(text)) {
    throw new Fault("bad-option", `the file ${path} has no token`, {
      layer: "cli",
      hint: "a token is one line of at least 16 characters without blanks",
    });
  }
  warnIfReadable(path);
  return text;
}

/** The control port of a run; undefined: it has none. */
export class RunControl {
  readonly #options: ControlOptions & { readonly control: number };
  readonly #token: string | undefined;
  readonly #watch: Watch;
  #served: ServedControl | undefined;

  private constructor(options: ControlOptions & { readonly control: number }, token: string | undefined, watch: Watch) {
    this.#options = options;
    this.#token = token;
    this.#watch = watch;
  }

  /** Faults `no-such-file`, `bad-option`. */
  static async of(options: ControlOptions): Promise<RunControl | undefined> {
    const { control, controlToken } = options;
    const token = readToken(controlToken);
    if (control === undefined) return undefined;
    const { Watch: made } = await import("@dlmskit/simulator/control");
    return new RunControl({ ...options, control }, token, new made());
  }

  options(given: SimulatorOptions): SimulatorOptions {
    return this.#watch.options(given);
  }

  /** The control of a simulator that was created with `options`. */
  async over(simulator: Simulator): Promise<Control> {
    const { Control: Made } = await import("@dlmskit/simulator/control");
    return new Made(simulator, this.#watch);
  }

  /** Faults of `serveControl`. */
  async serve(control: ControlPort): Promise<{ readonly host: string; readonly port: number }> {
    const { serveControl } = await import("@dlmskit/simulator/control");
    const { control: port, controlHost: host } = this.#options;
    this.#served = await serveControl(control, {
      port,
      ...(host === undefined ? {} : { host }),
      ...(this.#token === undefined ? {} : { token: this.#token }),
    });
    return this.#served;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#served?.close();
  }
}

/** The line that says where the control port is. */
export const controlText = ({ host, port }: { readonly host: string; readonly port: number }, json: boolean): string =>
  json
    ? JSON.stringify({ event: "control", host, port })
    : `control on http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
