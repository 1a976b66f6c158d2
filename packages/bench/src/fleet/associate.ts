import { connect, type Session } from "@dlmskit/client";
import { fromAscii, fromHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import type { Identity, Simulator } from "@dlmskit/simulator";
import { type Cancel, type Clock, type Duplex, type DuplexHandlers, memoryPair } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

export const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 };
export const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
/** The load profile with half-hourly rows, 4,320 rows. */
export const profile = { classId: 7, instanceId: "1.0.99.1.0.255", attributeId: 2 };

// The invocation counters of the client, one number per meter. They belong to the client and are not measured.
const used = new Map<string, CounterLedger>();

function ledgerOf(key: string): CounterLedger {
  let ledger = used.get(key);
  if (ledger === undefined) {
    ledger = new CounterLedger({ start: 1 });
    ledger.reserved(0x10000000);
    used.set(key, ledger);
  }
  return ledger;
}

/** A clock with a timer that can be taken off: a client keeps its last timer until it is due, and the timer keeps the client. */
function stoppable(clock: Clock): { readonly clock: Clock; stop(): void } {
  let last: Cancel | undefined;
  return {
    clock: {
      now: () => clock.now(),
      at: (when, run) => {
        last = clock.at(when, run);
        return last;
      },
    },
    stop: () => {
      last?.();
      last = undefined;
    },
  };
}

/** One end of a connection in memory whose user can be taken off. */
class Line implements Duplex {
  readonly #near: Duplex;
  #handlers: DuplexHandlers | undefined;

  constructor(near: Duplex) {
    this.#near = near;
  }

  get remote(): string {
    return this.#near.remote;
  }

  get bufferedOctets(): number {
    return this.#near.bufferedOctets;
  }

  send(octets: Uint8Array): void {
    this.#near.send(octets);
  }

  end(): void {
    this.#near.end();
  }

  destroy(): void {
    this.#near.destroy();
  }

  start(handlers: DuplexHandlers): void {
    this.#handlers = handlers;
    this.#near.start({
      received: (octets) => this.#handlers?.received(octets),
      closed: (fault) => this.#handlers?.closed(fault),
    });
  }

  takeOff(): Duplex {
    this.#handlers = undefined;
    return this.#near;
  }
}

/** An association over a connection in memory. `drop` releases the client's end; the server's end stays open. */
export interface Associated {
  readonly session: Session;
  drop(): Duplex;
}

export async function associate(simulator: Simulator, index: number, client: 16 | 48): Promise<Associated> {
  const [near, far] = memoryPair();
  simulator.server.accept(far, new WrapperServerLink());
  const line = new Line(near);
  const timers = stoppable(systemClock);
  const session = await open(line, await simulator.identity(index), client, timers.clock);
  return {
    session,
    drop: () => {
      timers.stop();
      return line.takeOff();
    },
  };
}

/** Opens an association with a meter as a client of its identity: 16 is the public client, 48 uses ciphering for everything. */
export function open(
  duplex: Duplex,
  identity: Identity,
  client: 16 | 48,
  clock: Clock = systemClock,
): Promise<Session> {
  const { serverAddress, clients, systemTitle } = identity;
  const line = { duplex, link: new WrapperClientLink({ client, server: serverAddress }) };
  if (client === 16) return connect(line, { clock });
  const own = clients.find((one) => one.client === client);
  const counters = ledgerOf(own?.encryptionKey ?? "");
  return connect(line, {
    ...{ clock, provider: node, ciphered: true, mechanism: 2, secret: fromAscii(String(own?.password)) },
    security: {
      ...{ suite: 0, counters, replay: new CounterGuard(), systemTitle: fromAscii("HES00001") },
      serverSystemTitle: fromHex(systemTitle),
      keys: {
        encryptionKey: fromHex(own?.encryptionKey ?? ""),
        authenticationKey: fromHex(own?.authenticationKey ?? ""),
      },
    },
  });
}
