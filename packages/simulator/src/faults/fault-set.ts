import { Fault, type Link, type LinkAddress } from "@dlmskit/core";
import type { CryptoProvider } from "@dlmskit/security";
import type { AlterPush, Interceptor, KnownMeter, PushAlteration, Route, SimulatedTime, Tap } from "@dlmskit/server";
import type { Fleet } from "../fleet/fleet.ts";
import { bits, randomKey, unit } from "../model/random.ts";
import type { Acting, AnyFaultKind, FrameVerdict, Piece } from "./fault-kind.ts";
import { faultKind } from "./fault-kinds.ts";
import type { FaultSpec, FaultsFile } from "./faults-file.ts";
import { FaultyLink } from "./faulty-link.ts";
import { frameOf, wportsOf } from "./frames.ts";

/** One fault of one meter, and the number of times it has acted. */
export interface ExplainedFault {
  readonly name: string;
  readonly fault: string;
  /** What the meter does because of the fault: a sentence without a subject. */
  readonly what: string;
  /** Real meters that behave like this. */
  readonly seen?: string;
  readonly parameters: unknown;
  readonly state: "acting" | "off" | "not yet" | "over";
  /** ms since 1970 UTC of simulated time. */
  readonly start?: number;
  readonly end?: number;
  /** How many times the fault has acted on the traffic of this meter. */
  readonly times: number;
}

export interface FaultSetOptions {
  readonly fleet: Fleet;
  readonly time: Pick<SimulatedTime, "now">;
  readonly provider: CryptoProvider;
}

interface Active {
  readonly spec: FaultSpec;
  readonly kind: AnyFaultKind;
  readonly one: Acting;
}

/** Maximum number of meters per fault for which the actions of the fault are stored. The oldest entries are dropped first. */
const remembered = 65_536;

/** The faults of a fleet: which meters have which faults. Faults can be switched on and off while the fleet runs. */
export class FaultSet {
  readonly #options: FaultSetOptions;
  #specs: readonly FaultSpec[] = [];
  #seed: string;
  readonly #acting = new Map<string, Map<number, Acting & { times: number }>>();
  readonly #listeners = new Set<() => void>();
  /** Indexes of the meters that a fault names. */
  readonly #named = new WeakMap<object, ReadonlySet<number | undefined>>();

  constructor(options: FaultSetOptions, file: FaultsFile) {
    this.#options = options;
    this.#seed = options.fleet.seed;
    this.replace(file);
  }

  /** All faults, active or not. */
  get file(): FaultsFile {
    return { seed: this.#seed, faults: this.#specs };
  }

  /**
   * Replaces the faults. The counts of the previous faults are dropped. Fault `bad-faults-file`: a serial number does not belong to the
   * fleet.
   */
  replace({ seed, faults }: FaultsFile): void {
    for (const [at, { meters }] of faults.entries()) {
      if (meters === "all" || !("serials" in meters)) continue;
      const unknown = meters.serials.find((serial) => this.#options.fleet.indexOf(serial) === undefined);
      if (unknown === undefined) continue;
      const fault = new Fault(
        "bad-faults-file",
        `faults at faults.${at}.meters.serials: no meter has ${JSON.stringify(unknown)}`,
        {
          layer: "simulator",
          hint: "the identities file has the serial numbers",
        },
      );
      fault.path.push("faults", String(at), "meters", "serials");
      throw fault;
    }
    this.#seed = seed ?? this.#options.fleet.seed;
    this.#specs = faults;
    this.#acting.clear();
    this.#tell();
  }

  /** Switches a fault on or off by its name. Fault `unknown-fault`. */
  switch(name: string, on: boolean): void {
    if (!this.#specs.some((one) => one.name === name)) {
      throw new Fault("unknown-fault", `there is no fault of the name ${JSON.stringify(name)}`, {
        layer: "simulator",
        hint: `there are ${this.#specs.map((one) => one.name).join(", ") || "none"}`,
      });
    }
    this.#specs = this.#specs.map((one) => (one.name === name ? { ...one, on } : one));
    this.#tell();
  }

  /** Calls `listener` when faults were replaced or switched. Returns the function that removes the listener. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Whether a meter has a fault, active or not. */
  isOf({ name, meters }: FaultSpec, index: number): boolean {
    if (meters === "all") return true;
    if ("serials" in meters) return this.#indexesOf(meters).has(index);
    if ("first" in meters) return index >= meters.first && index < meters.first + meters.count;
    return unit(bits(randomKey(this.#seed, name), 0, index)) < meters.share;
  }

  #indexesOf(meters: { readonly serials: readonly string[] }): ReadonlySet<number | undefined> {
    let indexes = this.#named.get(meters);
    if (indexes === undefined) {
      indexes = new Set(meters.serials.map((serial) => this.#options.fleet.indexOf(serial)));
      this.#named.set(meters, indexes);
    }
    return indexes;
  }

  /** The faults of a meter, which explain its behaviour. */
  explain(index: number): readonly ExplainedFault[] {
    return this.#specs
      .filter((spec) => this.isOf(spec, index))
      .map((spec) => {
        const { name, fault, parameters, start, end } = spec;
        const { what, seen } = faultKind(fault);
        return {
          ...{ name, fault, what, parameters, state: this.#stateOf(spec) },
          ...(seen === undefined ? {} : { seen }),
          ...(start === undefined ? {} : { start }),
          ...(end === undefined ? {} : { end }),
          times: this.#acting.get(name)?.get(index)?.times ?? 0,
        };
      });
  }

  #stateOf({ on, start, end }: FaultSpec): ExplainedFault["state"] {
    const { now } = this.#options.time;
    if (!on) return "off";
    if (start !== undefined && now < start) return "not yet";
    return end !== undefined && now >= end ? "over" : "acting";
  }

  /** Counts an action of a fault that is not part of the traffic. */
  acted(spec: FaultSpec, index: number): void {
    this.#actingOf(spec, index).acted();
  }

  #actingOf({ name, start }: FaultSpec, index: number): Acting {
    let byIndex = this.#acting.get(name);
    if (byIndex === undefined) {
      byIndex = new Map();
      this.#acting.set(name, byIndex);
    }
    const found = byIndex.get(index);
    if (found !== undefined) return found;
    const { fleet, provider } = this.#options;
    const key = randomKey(this.#seed, `${name} ${index}`);
    let drawn = 0;
    const one = {
      ...(start === undefined ? {} : { start }),
      ...{ fleet, provider, index, times: 0, memory: new Map<string, number>() },
      random: () => unit(bits(key, 1, drawn++)),
      acted: () => {
        one.times++;
      },
    };
    if (byIndex.size >= remembered) byIndex.delete(byIndex.keys().next().value as number);
    byIndex.set(index, one);
    return one;
  }

  #activeOf(index: number | undefined, place: "frame" | "tap" | "call" | "push"): readonly Active[] {
    if (index === undefined) return [];
    return this.#specs.flatMap((spec) => {
      const kind = faultKind(spec.fault);
      if (kind[place] === undefined || this.#stateOf(spec) !== "acting" || !this.isOf(spec, index)) return [];
      return [{ spec, kind, one: this.#actingOf(spec, index) }];
    });
  }

  #indexOf(meter: KnownMeter | undefined): number | undefined {
    return meter && this.#options.fleet.indexOfMeterId(meter.id);
  }

  /** The faults of APDUs. */
  readonly tap: Tap = (message) => {
    let { octets } = message;
    for (const { spec, kind, one } of this.#activeOf(this.#indexOf(message.meter), "tap")) {
      const verdict = kind.tap?.({ ...message, octets }, spec.parameters, one);
      if (verdict?.do === "drop" || verdict?.do === "delay") return verdict;
      if (verdict?.do === "replace") octets = verdict.octets;
    }
    return octets === message.octets ? undefined : { do: "replace", octets };
  };

  /** The faults of objects. They do not affect what a meter does by itself. */
  readonly interceptor: Interceptor = (call, next) => {
    if (call.association === undefined) return next();
    const active = this.#activeOf(this.#indexOf(call.meter), "call");
    const from = (at: number): ReturnType<typeof next> => {
      const found = active[at];
      if (found === undefined) return next();
      const { kind, spec, one } = found;
      return kind.call?.(call, () => from(at + 1), spec.parameters, one) ?? from(at + 1);
    };
    return from(0);
  };

  /** The faults of pushes. */
  readonly alterPush: AlterPush = ({ meter, apdu }) => {
    let altered: PushAlteration | undefined;
    for (const { kind, spec, one } of this.#activeOf(this.#indexOf(meter), "push")) {
      const more = kind.push?.(altered?.apdu ?? apdu, spec.parameters, one);
      if (more !== undefined) altered = { ...altered, ...more };
    }
    return altered;
  };

  /** A data link with the faults of the meters on a route. */
  readonly alterLink = (link: Link, route: Route): Link =>
    new FaultyLink(link, (way, octets) => {
      if (!this.#specs.some(({ fault }) => faultKind(fault).frame !== undefined)) return undefined;
      const address = addressIn(way, octets);
      const meter = address === undefined ? route.only : route(address)?.meter;
      return this.#frame(way, octets, this.#activeOf(this.#indexOf(meter), "frame"));
    });

  #frame(way: "received" | "sent", octets: Uint8Array, active: readonly Active[]): FrameVerdict | undefined {
    if (active.length === 0) return undefined;
    let pieces: readonly Piece[] = [{ octets }];
    let back: Uint8Array | undefined;
    for (const { spec, kind, one } of active) {
      pieces = pieces.flatMap((piece) => {
        const verdict = kind.frame?.(way, piece.octets, spec.parameters, one);
        back = verdict?.back ?? back;
        if (verdict === undefined) return [piece];
        return verdict.pieces.map((each) => ({ ...piece, ...each, delay: (each.delay ?? 0) + (piece.delay ?? 0) }));
      });
    }
    return back === undefined ? { pieces } : { pieces, back };
  }
}

/** The client and server addresses in a frame or a WPDU at the server's end of a link. */
function addressIn(way: "received" | "sent", octets: Uint8Array): LinkAddress | undefined {
  const wports = wportsOf(octets);
  if (wports !== undefined) {
    const { source, destination } = wports;
    return way === "sent" ? { client: destination, server: source } : { client: source, server: destination };
  }
  const frame = frameOf(octets);
  if (frame === undefined) return undefined;
  const [server, client] = way === "sent" ? [frame.source, frame.destination] : [frame.destination, frame.source];
  const { upper, lower } = server;
  return { client: client.upper, server: upper, ...(lower === undefined ? {} : { physical: lower }) };
}
