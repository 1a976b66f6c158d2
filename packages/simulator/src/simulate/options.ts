import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Interceptor, Limits, Listening, Meter, MeterTemplate, Server, ServerEvent } from "@dlmskit/server";
import type { Store } from "@dlmskit/storage";
import type { Clock, WallClock } from "@dlmskit/transport";
import type { SimulatorTemplate } from "../templates/template.ts";
import type { Identity } from "./identities.ts";
import type { KeysFile } from "./keys-file.ts";

export type LinkName = "wrapper" | "hdlc";

export interface SimulatorOptions {
  /** What the meters keep, opened by the caller and closed by the caller; in memory, gone with the process, unless given. */
  readonly store?: Store;
  /** `"is15959-d1"` unless told otherwise; a name (see `templates`), or a template of one's own. */
  readonly template?: string | SimulatorTemplate;
  /** How many meters; 1 unless told otherwise. A store that holds them already gives the same again. */
  readonly meters?: number;
  /** What the simulated data follow from: the same seed, the same data. Random unless given; a meter keeps the one it was commissioned with. */
  readonly seed?: string;
  /** Known secrets for every meter (`parseKeysFile`); all others are random. */
  readonly keys?: KeysFile;
  /** Machine time and the time of day; the machine's unless given. */
  readonly clock?: Clock & WallClock;
  /** The time of day at which the simulation starts, ms since 1970 UTC; now unless told otherwise. */
  readonly start?: number;
  /** How many times faster than the machine's clock the simulated day passes; 1 unless told otherwise. */
  readonly speed?: number;
  /** When the registers of new meters began to count, ms since 1970 UTC; the first of the month 13 months before the start unless told otherwise. */
  readonly commissioned?: number;
  /** The platform's generator unless given. */
  readonly random?: Random;
  readonly provider?: CryptoProvider;
  readonly limits?: Partial<Limits>;
  readonly interceptors?: readonly Interceptor[];
  readonly events?: (event: ServerEvent) => void;
  /** What is being done, for people who wait. */
  readonly onProgress?: (message: string) => void;
}

/** Where to listen instead of where the rows of `communication_ports` say. */
export interface ListenOptions {
  /** `wrapper` unless told otherwise. */
  readonly link?: LinkName;
  /** 4059 unless told otherwise; 0 takes any that is free. With the ports `each`, the first of them. */
  readonly port?: number;
  /** 127.0.0.1 unless told otherwise: to be reached from other machines must be asked for. */
  readonly host?: string;
  /** `one` (unless told otherwise): all meters behind one port, by server address; `each`: a port for each, one after another. */
  readonly ports?: "one" | "each";
}

/** One port that is listened on. */
export interface ListeningPort {
  readonly host: string;
  readonly port: number;
  readonly link: LinkName;
  /** The meters behind it, from 0: all with the ports `one`. */
  readonly meters: readonly number[];
}

export interface SimulatorListening extends AsyncDisposable {
  readonly ports: readonly ListeningPort[];
  /** The servers behind them. */
  readonly listening: readonly Listening[];
  close(): Promise<void>;
}

/** Meters that are ready to be served. */
export interface Simulator extends AsyncDisposable {
  readonly template: SimulatorTemplate;
  /** The template as the rows of the store have it: what the meters share. */
  readonly meterTemplate: MeterTemplate;
  readonly meters: readonly Meter[];
  readonly store: Store;
  /** What a person should know: keys that are stored unsealed, a port that cannot be served. */
  readonly notices: readonly string[];
  /** The simulated time of day, ms since 1970 UTC. */
  now(): number;
  /**
   * Listens where the rows say, with `options` where they say. `host` alone overrides the host of the rows' ports.
   * Faults: `bad-row` of the tables, and those of listeners (`address-in-use` …); then nothing listens.
   */
  listen(options?: ListenOptions): Promise<SimulatorListening>;
  /** A server of all meters without a listener, for connections of one's own (`accept`), such as a pair in memory. */
  server(): Server;
  /** Who the meters are, with their secrets: what a head-end system must import. */
  identities(): Promise<readonly Identity[]>;
  /** Stops listening. The store stays open: it is the caller's. */
  close(): Promise<void>;
}
