import type { Offer } from "@dlmskit/association";
import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { CryptoProvider, Random } from "@dlmskit/security";
import type {
  Interceptor,
  Limits,
  Meter,
  MeterTemplate,
  Metrics,
  Server,
  ServerEvent,
  SimulatedTime,
  Tap,
} from "@dlmskit/server";
import type { Store } from "@dlmskit/storage";
import type { Clock, WallClock } from "@dlmskit/transport";
import type { TlsConnectOptions } from "@dlmskit/transport/node";
import type { ExplainedFault, FaultSet } from "../faults/fault-set.ts";
import type { FaultsFile } from "../faults/faults-file.ts";
import type { Addresses, Span } from "../fleet/addresses.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Identity, LinkName, TransportName } from "../fleet/identity.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import type { CallInOptions, CallingIn } from "./call-in.ts";
import type { KeysFile } from "./keys-file.ts";
import type { SerialLineOptions } from "./serial-line.ts";

export interface SimulatorOptions {
  /** The store of the meters, which the caller opens and closes. By default the state is in memory and ends with the process. */
  readonly store?: Store;
  /** `"is15959-d1"` by default; a name (see `templates`), or a template of your own. */
  readonly template?: string | SimulatorTemplate;
  /** How clients may name objects, whatever the template says; a row of `client_associations` with short names allows only those. */
  readonly referencing?: Offer["context"];
  /** Number of meters, 1 to 100,000,000; 1 by default. Nothing is created for a meter before it is used. */
  readonly meters?: number;
  /**
   * What meters that are new to the store follow from: the same seed, the same identities, keys and data. So its keys are no secret.
   * Random unless given; the meters of a store keep what they were made with.
   */
  readonly seed?: string;
  /** Known secrets for every meter (`parseKeysFile`); all others are derived. */
  readonly keys?: KeysFile;
  /** The clock for links and the time of day; the machine's by default. */
  readonly clock?: Clock & WallClock;
  /** The time of day at which the simulation starts, ms since 1970 UTC; now by default. */
  readonly start?: number;
  /** How many times faster than the machine's clock the simulated day passes; 1 by default, 0 stands still. */
  readonly speed?: number;
  /** When the registers of new meters began to count, ms since 1970 UTC; the first of the month 13 months before the start by default. */
  readonly commissioned?: number;
  /** The platform's random source by default. */
  readonly random?: Random;
  readonly provider?: CryptoProvider;
  readonly limits?: Partial<Limits>;
  readonly interceptors?: readonly Interceptor[];
  /** See what passes on connections, behind the faults: see `tapOf`. */
  readonly taps?: readonly Tap[];
  readonly events?: (event: ServerEvent) => void;
  /** Counts what the meters do: `prometheus()` of `@dlmskit/server/prometheus`. */
  readonly metrics?: Metrics;
  /**
   * What is wrong with the meters (`parseFaults`). To switch faults on later, give `{ faults: [] }`: without it, the traffic does
   * not pass where faults act, and is served faster.
   */
  readonly faults?: FaultsFile;
  /**
   * Where all Push setups push to, in place of what the template says: `"tcp://192.0.2.7:4061"`, `"udp://…"` (both with the wrapper),
   * `"hdlc://…"` (HDLC over TCP), `"tls://…"`. A meter whose attribute was written keeps what was written.
   */
  readonly push?: string;
  /** For `tls://` destinations: the trusted authorities, and the meters' certificate. */
  readonly pushTls?: TlsConnectOptions;
}

/** Where to listen instead of where the rows of `communication_ports` say. */
export interface ListenOptions {
  /** `wrapper` by default. */
  readonly link?: LinkName;
  /** The transport: `tcp` by default; `udp` with the wrapper only. */
  readonly transport?: TransportName;
  /** 4059 by default; 0 for any free port. With more than one port, the first of them. */
  readonly port?: number;
  /** 127.0.0.1 by default, which other machines cannot reach. */
  readonly host?: string;
  /**
   * `one` (default): as many meters behind a port as it can address, and the next port for the next ones; `each`: a
   * port for each meter, one after another.
   */
  readonly ports?: "one" | "each";
  /** A serial line instead of ports: HDLC, with as many meters on the line as it can address. */
  readonly serial?: SerialLineOptions;
  /** Clients dial: a Hayes modem stands in front of the meters, on the serial line or on each TCP connection. */
  readonly modem?: boolean;
  /** The device that the `port_number` of a row of a serial port means: `/dev/ttyS1` or `COM1` for 1 by default. */
  readonly serialPath?: (portNumber: number) => string;
}

/** One port that is listened on. */
export interface ListeningPort {
  readonly host: string;
  readonly port: number;
  readonly link: LinkName;
  readonly transport: TransportName;
  /** The meters behind it. */
  readonly meters: Span;
}

/** Where all meters are reached by one link. */
export interface Reached {
  readonly link: LinkName;
  readonly transport: TransportName;
  readonly addresses: Addresses;
}

export interface SimulatorListening extends AsyncDisposable {
  readonly ports: readonly ListeningPort[];
  /** All meters, once for each row of `communication_ports` that is served, or as the options say. */
  readonly reached: readonly Reached[];
  /** Stops listening, and ends the connections that came this way. */
  close(): Promise<void>;
}

export interface IdentitiesOptions {
  /** Where the meters are reached: an element of `listening.reached`; by the wrapper at the port of the rows by default. */
  readonly reached?: Reached;
  /** Of which meters; all by default. */
  readonly of?: Span;
}

/** Why a meter behaves as it does. */
export interface Explanation {
  readonly index: number;
  readonly meterId: string;
  readonly serial: string;
  readonly faults: readonly ExplainedFault[];
}

/** Simulated meters, each with an index from 0. */
export interface Simulator extends AsyncDisposable {
  readonly template: SimulatorTemplate;
  /** The template as the rows of the store have it: what the meters share. */
  readonly meterTemplate: MeterTemplate;
  /** Number of meters. */
  readonly count: number;
  /** Who the meters are, where the store does not say something else: serial numbers, names and keys by index, and the way back. */
  readonly fleet: Fleet;
  readonly store: Store;
  /** Notices for the user: keys that are stored unencrypted, a port that cannot be served. */
  readonly notices: readonly string[];
  /** The simulated time of day: `now`, `setRate` (0 stands still), `set`, `step`. */
  readonly time: SimulatedTime;
  /** The server of all meters. `accept(duplex, link)` serves a connection of your own, such as an in-memory pair. */
  readonly server: Server;
  /**
   * A meter by its index, as routes lead to it: loaded from the store while clients use it. As long as somebody holds it, the same is given.
   * Fault `out-of-range`.
   */
  meter(index: number): Meter;
  /**
   * Loads a meter as the store has it, runs `run` and lets the meter go again: to read and change it as the meter itself. Faults:
   * `out-of-range`, `meter-held`, `template-mismatch`, those of the store, and what `run` throws.
   */
  using<T>(index: number, run: (meter: Meter) => MaybePromise<T>): Promise<T>;
  /**
   * Listens where the rows say, with `options` where they say. `host` alone overrides the host of the rows' ports.
   * Faults: `too-many-meters`, `no-port`, and those of listeners (`address-in-use` …); then nothing listens.
   */
  listen(options?: ListenOptions): Promise<SimulatorListening>;
  /**
   * The meters are TCP clients: each calls a head-end system, which then reads it over that connection with the wrapper, at the wPort of its
   * logical device (1). A meter calls again when its connection has ended.
   */
  callIn(options: CallInOptions): CallingIn;
  /**
   * Who the meters are, with their secrets: what a head-end system must import, one meter at a time. What the store has of a meter goes
   * before what is derived. Faults of the store.
   */
  identities(options?: IdentitiesOptions): AsyncGenerator<Identity, undefined>;
  /** The identity of one meter. Fault `out-of-range`. */
  identity(index: number, reached?: Reached): Promise<Identity>;
  /** What is wrong with the meters, to be looked at and changed while they run; undefined without the option `faults`. */
  readonly faults: FaultSet | undefined;
  /** Why a meter behaves as it does: its faults, by its index, meter id or serial number. Fault `out-of-range`: there is no such meter. */
  explain(meter: number | string): Explanation;
  /** Stops listening, ends all connections, and waits until all changes are stored. The store stays open, since it belongs to the caller. */
  close(): Promise<void>;
}
