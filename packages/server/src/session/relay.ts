import { Fault } from "@dlmskit/core";
import type { HeldMeter } from "@dlmskit/storage";
import { type Clock, type Duplex, LinkPump } from "@dlmskit/transport";
import { type Handover, RelayLink, toAllStations } from "./relay-link.ts";

/** Opens a connection to another process, by the address that its store was opened with. */
export type Dial = (address: string) => Promise<Duplex>;

interface RelayHandlers {
  /** An answer for the client, or what it did not ask for. */
  received(pdu: Uint8Array, unasked: boolean): void;
  /** The other process has ended the session, or is gone; told once. */
  closed(fault: Fault | undefined): void;
}

/** A session of a client with a meter that another process has: its PDUs go there, and the answers come back. */
export class Relay {
  readonly #pump: LinkPump<RelayLink>;

  private constructor(pump: LinkPump<RelayLink>) {
    this.#pump = pump;
  }

  /**
   * Hands a session over to the process at an address. Rejects, with the Fault of the transport where there is one, when that
   * process cannot be reached, does not have the meter, or has said nothing for `patience` ms.
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

  /** The client sends nothing more; answers still come. */
  end(): void {
    // A pump that has ended hears nothing any more.
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
  /** Tries once more to take the meter here. Rejects with `meter-held`; undefined: it is there. */
  enter(): Promise<unknown> | undefined;
  /** Whether the client has gone meanwhile. */
  gone(): boolean;
}

export interface RelayOfficePort {
  readonly dial: Dial;
  readonly clock: Clock;
  /** For how long, in ms, a session may look for the process that has its meter. */
  readonly heldFor: number;
  forwarded(session: Handover, to: string): void;
}

// How often a process that was not reached is tried again, ms.
const tryAgain = 100;

/** Hands sessions over to the process that has their meter. */
export class RelayOffice {
  readonly #port: RelayOfficePort;

  constructor(port: RelayOfficePort) {
    this.#port = port;
  }

  /**
   * The session with the process that `fault` (`meter-held`) names; undefined: the meter was free meanwhile, and is taken here.
   * While that process is not reached both are tried again. Throws `fault` where it names none, and after `heldFor` ms.
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
        // It is gone, or has let go of the meter: who has it is asked again.
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

/** Where the process is reached that has the meter; undefined: the fault is another, or that process does not say. */
function holderOf(fault: unknown): string | undefined {
  if (!(fault instanceof Fault) || fault.code !== "meter-held") return undefined;
  return (fault.cause as HeldMeter | undefined)?.address;
}

/** A connection that another process handed over: it is known by where its client is. */
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
