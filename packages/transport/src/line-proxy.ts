import { Fault } from "@dlmskit/core";
import type { Cancel, Clock } from "./clock.ts";
import type { Duplex } from "./duplex.ts";
import { checkFaults, FaultyLine, type LineFaults } from "./line-faults.ts";

/** The faults of a proxy's line. `clock` and `seed` are those of the proxy. */
export interface ProxyFaults extends Omit<LineFaults, "clock" | "seed"> {
  /** After this number of octets, in both directions together, a connection is reset. */
  readonly cut?: number;
  /** The octets of one end also come back to it before any answer, as on a two-wire line. */
  readonly echo?: boolean;
}

/** `"up"`: from the end that connected to the target; `"down"`: back. */
export type LineDirection = "up" | "down";

export interface LineProxyOptions {
  readonly clock: Clock;
  /** Opens the connection to the target for each accepted connection. */
  readonly connect: () => Promise<Duplex>;
  readonly faults?: ProxyFaults;
  /** The same seed and the same octets give the same faults. */
  readonly seed?: number;
  /** Called for a target that cannot be reached, and for connections that broke. */
  readonly failed?: (fault: Fault) => void;
}

/** If more octets than this wait, the proxy stops reading from the sender. */
const high = 0x40000;
/** How long an end may take to close after the other end has closed, ms. */
const linger = 5000;

interface Settings {
  up: ProxyFaults;
  down: ProxyFaults;
}

/** A bad line in front of any target: each accepted connection is joined with its own connection to the target. */
export class LineProxy {
  readonly #options: LineProxyOptions;
  readonly #settings: Settings;
  readonly #open = new Set<ProxiedLine>();
  #made = 0;

  /** Fault `bad-value` for invalid faults. */
  constructor(options: LineProxyOptions) {
    this.#options = options;
    const { faults = {}, clock } = options;
    checkProxy(faults, clock);
    this.#settings = { up: faults, down: faults };
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#open.size;
  }

  /** The faults in a direction. */
  faults(direction: LineDirection): ProxyFaults {
    return this.#settings[direction];
  }

  /** Serves a connection; for `accept` of a listener. */
  accept(near: Duplex): void {
    const { clock, seed = 1, connect, failed } = this.#options;
    const line: ProxiedLine = new ProxiedLine(near, {
      clock,
      seed: seed + 2 * this.#made++,
      settings: this.#settings,
      gone: () => this.#open.delete(line),
      failed: (fault) => failed?.(fault),
    });
    this.#open.add(line);
    connect().then(
      (far) => line.join(far),
      (cause: unknown) => {
        failed?.(
          cause instanceof Fault
            ? cause
            : new Fault("transport-failed", "the target of the line failed", { layer: "transport", cause }),
        );
        line.reset();
      },
    );
  }

  /**
   * Changes the faults while the proxy runs, in one direction or both, for open and new connections. Faults that are not named stay.
   * Fault `bad-value`; then nothing is changed.
   */
  change(faults: ProxyFaults, direction?: LineDirection): void {
    const changed = direction === undefined ? (["up", "down"] as const) : [direction];
    for (const one of changed) checkProxy({ ...this.#settings[one], ...faults }, this.#options.clock);
    for (const one of changed) this.#settings[one] = { ...this.#settings[one], ...faults };
    for (const line of this.#open) line.change();
  }

  /** Removes all faults. */
  mend(): void {
    this.#settings.up = {};
    this.#settings.down = {};
    for (const line of this.#open) line.change();
  }

  /** Resets all connections; new ones are still accepted. */
  cut(): void {
    for (const line of [...this.#open]) line.reset();
  }
}

function checkProxy(faults: ProxyFaults, clock: Clock): void {
  checkFaults({ ...faults, clock });
  const { cut } = faults;
  if (cut !== undefined && !(cut >= 0)) throw new Fault("bad-value", `cut after ${cut} octets`, { layer: "transport" });
}

interface ProxiedOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly settings: Settings;
  readonly gone: () => void;
  readonly failed: (fault: Fault) => void;
}

/** An accepted connection and its connection to the target. */
class ProxiedLine {
  readonly #near: Duplex;
  readonly #options: ProxiedOptions;
  readonly #lines: { readonly up: FaultyLine; readonly down: FaultyLine };
  #far: Duplex | undefined;
  /** Octets that were received before the target was connected, and the end of the connection. */
  #early: (() => void)[] | undefined = [];
  #earlyOctets = 0;
  #passed = 0;
  #halfClosed = false;
  #cancel: Cancel | undefined;
  #over = false;

  constructor(near: Duplex, options: ProxiedOptions) {
    this.#near = near;
    this.#options = options;
    const { seed, settings, clock } = options;
    const datagrams = near.datagrams === true;
    this.#lines = {
      up: new FaultyLine({ ...settings.up, clock, seed }, datagrams),
      down: new FaultyLine({ ...settings.down, clock, seed: seed + 1 }, datagrams),
    };
    this.#listen(near, "up");
  }

  /** The target is connected. */
  join(far: Duplex): void {
    if (this.#over) {
      far.start({ received: () => undefined, closed: () => undefined });
      far.destroy();
      return;
    }
    this.#far = far;
    this.#listen(far, "down");
    const early = this.#early ?? [];
    this.#early = undefined;
    if (this.#earlyOctets > high) this.#near.resume?.();
    for (const run of early) run();
  }

  change(): void {
    const { settings, clock } = this.#options;
    this.#lines.up.change({ ...settings.up, clock });
    this.#lines.down.change({ ...settings.down, clock });
  }

  reset(fault?: Fault): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel?.();
    this.#lines.up.drop();
    this.#lines.down.drop();
    this.#near.destroy();
    this.#far?.destroy();
    this.#options.gone();
    if (fault !== undefined) this.#options.failed(fault);
  }

  #listen(from: Duplex, direction: LineDirection): void {
    from.start({
      received: (octets) => {
        if (this.#early === undefined || this.#roomFor(octets)) this.#whenJoined(() => this.#pass(octets, direction));
      },
      ended: () => this.#whenJoined(() => this.#lines[direction].afterwards(() => this.#to(direction)?.end())),
      drained: () => {
        for (const each of ["up", "down"] as const) this.#goOn(each);
      },
      closed: (fault) => {
        if (fault !== undefined || this.#far === undefined) this.reset(fault);
        else this.#lines[direction].afterwards(() => this.#closed(direction));
      },
    });
  }

  /** Octets wait for the target to be connected: at the peer, if there are many. Datagrams cannot wait there, and are lost. */
  #roomFor(octets: Uint8Array): boolean {
    if (this.#near.datagrams === true && this.#earlyOctets > high) return false;
    this.#earlyOctets += octets.length;
    if (this.#earlyOctets > high) this.#near.pause?.();
    return true;
  }

  /** One end has closed normally: its last octets must still be sent to the other end, which then has to close as well. */
  #closed(direction: LineDirection): void {
    if (this.#over) return;
    if (this.#halfClosed) {
      this.reset();
      return;
    }
    this.#halfClosed = true;
    this.#to(direction)?.end();
    const { clock } = this.#options;
    this.#cancel = clock.at(clock.now() + linger, () => this.reset());
  }

  #whenJoined(run: () => void): void {
    if (this.#over) return;
    if (this.#early === undefined) run();
    else this.#early.push(run);
  }

  #from(direction: LineDirection): Duplex | undefined {
    return direction === "up" ? this.#near : this.#far;
  }

  #to(direction: LineDirection): Duplex | undefined {
    return this.#from(direction === "up" ? "down" : "up");
  }

  #pass(octets: Uint8Array, direction: LineDirection): void {
    if (this.#over) return;
    const { cut, echo } = this.#options.settings[direction];
    const line = this.#lines[direction];
    const left = cut === undefined ? octets.length : Math.max(0, cut - this.#passed);
    const passing = octets.length > left ? octets.subarray(0, left) : octets;
    this.#passed += passing.length;
    if (echo === true) this.#from(direction)?.send(passing);
    line.pass(passing, (piece) => this.#to(direction)?.send(piece));
    if (octets.length > left) {
      line.afterwards(() => this.reset());
      return;
    }
    if (line.heldOctets + this.#unread(direction) <= high) return;
    this.#from(direction)?.pause?.();
    line.afterwards(() => this.#goOn(direction));
  }

  /** Octets of a direction that the ends have not read: those that passed, and their echo. */
  #unread(direction: LineDirection): number {
    const ends = this.#options.settings[direction].echo === true ? [this.#near, this.#far] : [this.#to(direction)];
    return ends.reduce((octets, end) => octets + (end?.bufferedOctets ?? 0), 0);
  }

  /** The sender of a direction is read again when nothing of it is unread. */
  #goOn(direction: LineDirection): void {
    if (this.#unread(direction) === 0) this.#from(direction)?.resume?.();
  }
}
