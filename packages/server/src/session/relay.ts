import { Fault } from "@dlmskit/core";
import type { HeldMeter } from "@dlmskit/storage";
import { type Clock, type Duplex, LinkPump } from "@dlmskit/transport";
import { type Handover, RelayLink, toAllStations } from "./relay-link.ts";

/** Opens a connection to another process at the address with which its store was opened. */
export type Dial = (address: string) => Promise<Duplex>;

interface RelayHandlers {
  /** Called with an answer for the client or an unsolicited PDU. */
  received(pdu: Uint8Array, unasked: boolean): void;
  /** Called once when the other process has ended the session or can no longer be reached. */
  closed(fault: Fault | undefined): void;
}

/** A session of a client with a meter of another process: its PDUs are sent to that process and the answers are returned. */
export class Relay {
  readonly #pump: LinkPump<RelayLink>;

  private constructor(pump: LinkPump<RelayLink>) {
    this.#pump = pump;
  }

  /**
   * Hands a session over to the process at an address. Rejects if that process cannot be reached, does not have the meter, or does not
   * answer for `patience` ms; with the Fault of the transport, if there is one.
   */
  static async open(
    dial: Dial,
    address: string,
    handover: Handover,
    options: RelayHandlers & { readonly clock: Clock; readonly patience: number },
  ): Promise<Relay> {
    const { clock, patience } = options;
    const duplex = await dial(address);
    const pump = new LinkPump({ link: new RelayLink({ handover }), duplex, clock });
    await new Promise<void>((resolve, reject) => {
      let open = false;
      const cancel = clock.at(clock.now() + patience, () => pump.destroy());
      pump.start({
        received: (pdu, _, unasked) => options.received(pdu, unasked),
        connected: () => {
          cancel();
          open = true;
          resolve();
        },
        closed: (fault) => {
          cancel();
          if (open) options.closed(fault);
          else reject(fault ?? notTaken(address, handover));
        },
      });
      pump.connect();
    });
    if (!pump.open) throw notTaken(address, handover);
    return new Relay(pump);
  }

  send(pdu: Uint8Array, broadcast: boolean): void {
    this.#pump.send(pdu, broadcast ? toAllStations : undefined);
  }

  /** The client sends nothing more; answers are still received. */
  end(): void {
    // A pump that has ended receives nothing more.
    this.#pump.duplex.end();
  }

  close(): void {
    this.#pump.destroy();
  }
}

function notTaken(address: string, { meter }: Handover): Fault {
  return new Fault("meter-held", `the process at ${address} did not take over the session with the meter ${meter}`, {
    layer: "server",
  });
}

/** A session that may be handed over. */
export interface HandedSession extends RelayHandlers {
  readonly handover: Handover;
  /** Tries once more to take the meter here. Rejects with `meter-held`; undefined: the meter is here. */
  enter(): Promise<unknown> | undefined;
  /** Whether the client has left in the meantime. */
  gone(): boolean;
}

export interface RelayOfficePort {
  readonly dial: Dial;
  readonly clock: Clock;
  /** How long a session may search for the process that has its meter, ms. */
  readonly heldFor: number;
  forwarded(session: Handover, to: string): void;
}

// Interval between attempts to reach a process, ms.
const tryAgain = 100;

/** Hands sessions over to the process that has their meter. */
export class RelayOffice {
  readonly #port: RelayOfficePort;

  constructor(port: RelayOfficePort) {
    this.#port = port;
  }

  /**
   * Opens the session with the process that `fault` (`meter-held`) names; undefined: the meter became free and was taken here. Until
   * that process is reached, both are tried again. Throws `fault` if it names no process, and after `heldFor` ms.
   */
  async open(fault: unknown, session: HandedSession): Promise<Relay | undefined> {
    const { clock, dial, heldFor, forwarded } = this.#port;
    const until = clock.now() + heldFor;
    for (let held = fault; ; ) {
      const address = holderOf(held);
      if (address === undefined || session.gone()) throw held;
      try {
        const patience = Math.max(tryAgain, until - clock.now());
        const relay = await Relay.open(dial, address, session.handover, { ...session, clock, patience });
        forwarded(session.handover, address);
        return relay;
      } catch {
        // The process has ended or has released the meter: find out again which process has it.
        if (clock.now() >= until) throw held;
      }
      await new Promise<void>((resolve) => clock.at(clock.now() + tryAgain, resolve));
      try {
        await session.enter();
        return undefined;
      } catch (caught) {
        held = caught;
      }
    }
  }
}

/** The address of the process that has the meter; undefined: it is another fault, or that process gives no address. */
function holderOf(fault: unknown): string | undefined {
  if (!(fault instanceof Fault) || fault.code !== "meter-held") return undefined;
  return (fault.cause as HeldMeter | undefined)?.address;
}

/** A connection that another process handed over. Its `remote` is that of the client. */
export function relayedFrom(duplex: Duplex, link: RelayLink): Duplex {
  return {
    get remote() {
      return link.handover?.remote ?? duplex.remote;
    },
    get bufferedOctets() {
      return duplex.bufferedOctets;
    },
    send: (octets) => duplex.send(octets),
    pause: () => duplex.pause?.(),
    resume: () => duplex.resume?.(),
    end: () => duplex.end(),
    destroy: () => duplex.destroy(),
    start: (handlers) => duplex.start(handlers),
  };
}
