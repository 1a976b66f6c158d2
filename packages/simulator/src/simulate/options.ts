import type { Offer } from "@dlmskit/association";
import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { CryptoProvider, Random } from "@dlmskit/security";
import type {
  Interceptor,
  Limits,
  Meter,
  MeterTemplate,
  Metrics,
  PushOptions,
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
import type { GatewayAddresses, GatewaysOptions } from "../fleet/gateway-addresses.ts";
import type { Identity, LinkName, TransportName } from "../fleet/identity.ts";
import type { Shard } from "../fleet/shard.ts";
import type { Network } from "../model/model.ts";
import type { Population } from "../model/population.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import type { CallInOptions, CallingIn } from "./call-in.ts";
import type { KeysFile } from "./keys-file.ts";
import type { SerialLineOptions } from "./serial-line.ts";
import type { SimulatorSnapshots } from "./snapshots.ts";
import type { WorkerOptions } from "./workers.ts";

export interface SimulatorOptions {
  /** The store of the meters, which the caller opens and closes. By default the state is in memory and ends with the process. */
  readonly store?: Store;
  /** `"is15959-d1"` by default. Either a name (see `templates`), or a template of your own. */
  readonly template?: string | SimulatorTemplate;
  /** How clients may name objects, regardless of the template. A row of `client_associations` with short names allows only short names. */
  readonly referencing?: Offer["context"];
  /** Number of meters, 1 to 100,000,000; 1 by default. The simulator creates nothing for a meter before the meter is used. */
  readonly meters?: number;
  /**
   * This process serves one part of the meters, for example `{ index: 0, of: 4 }`. The identities and the data of the meters are the same
   * as in one process with all of them. The whole fleet by default.
   */
  readonly shard?: Shard;
  /** This process is one of several on one machine that listen on the same ports and share the meters of the shard. */
  readonly worker?: WorkerOptions;
  /**
   * The seed from which meters that are new to the store are derived. The same seed gives the same identities, keys and data, so the keys
   * are not secret. Random by default. The meters of a store keep the values that they were created with.
   */
  readonly seed?: string;
  /** Known secrets for every meter (`parseKeysFile`). All other secrets are derived. */
  readonly keys?: KeysFile;
  /** The clock for links and the time of day; the machine's by default. */
  readonly clock?: Clock & WallClock;
  /** The time of day at which the simulation starts, ms since 1970 UTC; the current time by default. */
  readonly start?: number;
  /** How many times faster than the machine's clock the simulated time passes; 1 by default. With 0 the simulated time stands still. */
  readonly speed?: number;
  /**
   * When the registers of new meters began to count, ms since 1970 UTC. By default the first day of the month 13 months before the start.
   */
  readonly commissioned?: number;
  /** The platform's random source by default. */
  readonly random?: Random;
  readonly provider?: CryptoProvider;
  readonly limits?: Partial<Limits>;
  readonly interceptors?: readonly Interceptor[];
  /** Taps for the octets on connections. They are called after the faults: see `tapOf`. */
  readonly taps?: readonly Tap[];
  readonly events?: (event: ServerEvent) => void;
  /** Counts the operations of the meters: `prometheus()` of `@dlmskit/server/prometheus`. */
  readonly metrics?: Metrics;
  /**
   * The customers of the fleet (`parsePopulation`): the shares of customer classes. Without it, all rows of load_profile_templates belong to
   * each meter. Give the same population at each start: the data of a meter depends on it.
   */
  readonly population?: Population;
  /**
   * How the meters are connected: the meters of a transformer, and those of a feeder, share most interruptions and sags. 60 meters a
   * transformer and 12 transformers a feeder by default; null: no two meters share an event.
   */
  readonly network?: Network | null;
  /**
   * The faults of the meters (`parseFaults`). To switch faults on later, give `{ faults: [] }`. Without this option, the traffic does not
   * pass through the code of the faults and is served faster.
   */
  readonly faults?: FaultsFile;
  /**
   * The destination of all Push setups, in place of the destination in the template: `"tcp://192.0.2.7:4061"`, `"udp://…"` (both with the
   * wrapper), `"hdlc://…"` (HDLC over TCP), `"tls://…"`. If the attribute of a meter was written, the written value stays.
   */
  readonly push?: string;
  /**
   * Which layouts of the template the meters push by themselves: those whose name has all of these words, such as `"Kaifa 3-phase"`. By
   * default the usual ones of the template. Only with `push`.
   */
  readonly pushLayouts?: string;
  /** Further transports of pushes by scheme, such as `mbus` for `mbus://HOST:PORT`. */
  readonly pushTransports?: PushOptions["transports"];
  /** For `tls://` destinations: the trusted certificate authorities, and the certificate of the meters. */
  readonly pushTls?: TlsConnectOptions;
}

/** Where to listen, in place of the rows of `communication_ports`. */
export interface ListenOptions {
  /** `wrapper` by default. */
  readonly link?: LinkName;
  /** The transport: `tcp` by default. `udp` is possible with the wrapper only. */
  readonly transport?: TransportName;
  /** 4059 by default; 0 for any free port. If more than one port is needed, this is the first one. */
  readonly port?: number;
  /** 127.0.0.1 by default. Other machines cannot reach this address. */
  readonly host?: string;
  /** The host that identities name, if clients reach the meters at another host than `host`: a name in DNS, an address behind NAT. */
  readonly advertise?: string;
  /**
   * `one` (default): each port serves as many meters as it can address, and the next port serves the next meters. `each`: each meter has
   * its own port, in consecutive order.
   */
  readonly ports?: "one" | "each";
  /** The meters are behind gateways: requests have a prefix with network id and physical device address (tags E6 and E7). */
  readonly gateway?: GatewaysOptions;
  /** A serial line in place of ports. It uses HDLC, or M-Bus if `link` says so, with as many meters on the line as the link can address. */
  readonly serial?: SerialLineOptions;
  /**
   * True: clients dial, and the simulator stands in for the modem, too, on the serial line or on each TCP connection. `ring` and `auto`: a
   * real modem is on the serial line or connects over TCP; the meters answer RING with ATA, or the modem answers by itself (S0=1).
   */
  readonly modem?: boolean | "ring" | "auto";
  /** The device for the `port_number` of a row of a serial port. By default `/dev/ttyS1` or `COM1` for 1. */
  readonly serialPath?: (portNumber: number) => string;
}

/** One port on which the simulator listens. */
export interface ListeningPort {
  readonly host: string;
  readonly port: number;
  readonly link: LinkName;
  readonly transport: TransportName;
  /** The meters behind it. */
  readonly meters: Span;
}

/** The addresses of all meters on one link. */
export interface Reached {
  readonly link: LinkName;
  readonly transport: TransportName;
  readonly addresses: Addresses;
  /** The addresses of the meters behind gateways; absent: they are not behind one. */
  readonly gateway?: GatewayAddresses;
}

export interface SimulatorListening extends AsyncDisposable {
  readonly ports: readonly ListeningPort[];
  /** All meters, once for each row of `communication_ports` that is served, or as the options specify. */
  readonly reached: readonly Reached[];
  /** Stops listening, and closes the connections that were accepted on these ports. */
  close(): Promise<void>;
}

export interface IdentitiesOptions {
  /** The addresses of the meters: an element of `listening.reached`. By default the wrapper at the port of the rows. */
  readonly reached?: Reached;
  /** The meters whose identities are returned; those of the shard by default. */
  readonly of?: Span;
}

/** Explains the behaviour of a meter. */
export interface Explanation {
  readonly index: number;
  readonly meterId: string;
  readonly serial: string;
  readonly faults: readonly ExplainedFault[];
  /** The customer class, if there is a population. */
  readonly customer?: string;
}

/** Simulated meters, each with an index from 0. */
export interface Simulator extends AsyncDisposable {
  readonly template: SimulatorTemplate;
  /** The template with the values of the rows of the store: everything that the meters share. */
  readonly meterTemplate: MeterTemplate;
  /** Number of meters of the whole fleet. */
  readonly count: number;
  /** The meters that this process serves: those of its shard. */
  readonly served: Span;
  /**
   * The identities of the meters, where the store has no other values: serial numbers, names and keys by index, and the index of each of
   * them.
   */
  readonly fleet: Fleet;
  readonly store: Store;
  /** As in the options. */
  readonly network?: SimulatorOptions["network"];
  /** As in the options. */
  readonly population?: SimulatorOptions["population"];
  /** Notices for the user, for example keys that are stored unencrypted, or a port that cannot be served. */
  readonly notices: readonly string[];
  /** The simulated time of day: `now`, `setRate` (with 0 the time stands still), `set`, `step`. */
  readonly time: SimulatedTime;
  /** The server of all meters. `accept(duplex, link)` serves a connection of your own, such as an in-memory pair. */
  readonly server: Server;
  /**
   * A meter by its index, as routes lead to it. It is loaded from the store while clients use it. While the caller keeps a reference, the
   * same object is returned. Fault `out-of-range`.
   */
  meter(index: number): Meter;
  /**
   * Loads a meter from the store, calls `run` and releases the meter: for reads and changes by the meter itself. Faults: `out-of-range`,
   * `meter-held`, `template-mismatch`, those of the store, and those that `run` throws.
   */
  using<T>(index: number, run: (meter: Meter) => MaybePromise<T>): Promise<T>;
  /**
   * Listens as the rows specify, or as `options` specify. `host` alone overrides the host of the ports of the rows. Faults:
   * `too-many-meters`, `no-port`, and those of listeners (`address-in-use` …). After a Fault nothing listens.
   */
  listen(options?: ListenOptions): Promise<SimulatorListening>;
  /**
   * The meters are TCP clients. Each meter calls a head-end system, which then reads the meter over that connection with the wrapper, at
   * the wPort of its logical device (1). A meter calls again when its connection has ended.
   */
  callIn(options: CallInOptions): CallingIn;
  /**
   * The identities of the meters with their secrets: what a head-end system must import, one meter at a time. The values in the store have
   * priority over derived values. Faults of the store.
   */
  identities(options?: IdentitiesOptions): AsyncGenerator<Identity, undefined>;
  /** The identity of one meter. Fault `out-of-range`. */
  identity(index: number, reached?: Reached): Promise<Identity>;
  /** The faults of the meters. They can be read and changed while the meters run. Undefined without the option `faults`. */
  readonly faults: FaultSet | undefined;
  /** Snapshots of all meters, which a store keeps as long as the meters. Counters never go back. */
  readonly snapshots: Pick<SimulatorSnapshots, "take" | "list" | "restore" | "remove" | "quiet" | "follow">;
  /**
   * Explains the behaviour of a meter: its faults, by its index, meter id or serial number. Fault `out-of-range`: there is no such meter.
   */
  explain(meter: number | string): Explanation;
  /**
   * Stops listening, closes all connections, and waits until all changes are stored. The store stays open, because it belongs to the
   * caller.
   */
  close(): Promise<void>;
}
