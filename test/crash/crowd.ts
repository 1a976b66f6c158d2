import { setTimeout as sleep } from "node:timers/promises";
import { T } from "@dlmskit/apdu";
import { connect, type Session } from "@dlmskit/client";
import { Fault, fromAscii, fromHex } from "@dlmskit/core";
import type { Duplex } from "@dlmskit/transport";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";
import { counted, energy, long, longOctets, noteName, notes, password } from "./crowd-meter.ts";

/** What clients did. */
export interface Tally {
  reads: number;
  writes: number;
  actions: number;
  transfers: number;
  aborts: number;
  halfOpen: number;
  guesses: number;
  /** The last acknowledged value of each note: one client writes it. */
  readonly written: [number, number][];
  /** Errors that nothing was done to cause. */
  readonly errors: string[];
}

/** Clients of all kinds of one meter. */
export class Crowd {
  readonly tally: Tally = {
    ...{ reads: 0, writes: 0, actions: 0, transfers: 0, aborts: 0, halfOpen: 0, guesses: 0 },
    ...{ written: [], errors: [] },
  };
  readonly #port: number;
  over = false;

  constructor(port: number) {
    this.#port = port;
  }

  dial(localAddress = "127.0.0.1"): Promise<Duplex> {
    return tcpConnect("127.0.0.1", this.#port, { localAddress, timeout: 60_000 });
  }

  async #session(duplex: Duplex, secret = password): Promise<Session> {
    const link = new WrapperClientLink({ client: 32, server: 1 });
    const options = {
      clock: systemClock,
      mechanism: 1,
      secret: fromAscii(secret),
      timeout: 60_000,
      retries: 0,
    } as const;
    return connect({ duplex, link }, { ...options, maxReceivePduSize: 512 });
  }

  /** Goes round until it is over. An error ends the client, and is told. */
  async #rounds(name: string, round: (session: Session) => Promise<void>): Promise<void> {
    try {
      while (!this.over) {
        const session = await this.#session(await this.dial());
        for (let at = 0; at < 20 && !this.over; at++) {
          await round(session);
          await sleep(Math.random() * 100);
        }
        await session.release();
      }
    } catch (caught) {
      this.#failed(name, caught);
    }
  }

  #failed(name: string, caught: unknown): void {
    this.tally.errors.push(`${name}: ${caught instanceof Fault ? `${caught.code} ${caught.message}` : caught}`);
  }

  reader(): Promise<void> {
    return this.#rounds("reader", async (session) => {
      const [value, list] = [await session.read(energy, T.doubleLongUnsigned), await session.get([energy, energy])];
      if (value !== 1234 || list.length !== 2) throw new Error(`read ${value}`);
      this.tally.reads += 2;
    });
  }

  writer(at: number): Promise<void> {
    let number = 0;
    const note = { classId: 1, instanceId: noteName(at), attributeId: 2 };
    return this.#rounds("writer", async (session) => {
      await session.set(note, { type: "double-long-unsigned", value: ++number });
      this.tally.written[at] = [at, number];
      this.tally.writes++;
      await session.invoke({ ...counted, methodId: 1 }, { type: "unsigned", value: 1 });
      this.tally.actions++;
    });
  }

  transfer(): Promise<void> {
    return this.#rounds("transfer", async (session) => {
      const octets = await session.read(long, T.octetString);
      if (Buffer.compare(octets, longOctets) !== 0) throw new Error("other octets");
      this.tally.transfers++;
    });
  }

  /** Begins a long transfer and leaves in the midst of it. */
  async aborting(): Promise<void> {
    try {
      while (!this.over) {
        const duplex = await this.dial();
        const session = await this.#session(duplex);
        const reading = session.get(long).catch(() => undefined);
        await sleep(Math.random() * 60);
        duplex.destroy();
        await reading;
        this.tally.aborts++;
        await sleep(Math.random() * 100);
      }
    } catch (caught) {
      this.#failed("aborting", caught);
    }
  }

  /** Says half a WPDU, or nothing, in turn, and stays until the meter closes, which takes it a minute after nothing. */
  async halfOpen(at: number): Promise<void> {
    for (let round = at; !this.over; round++) {
      const duplex = await this.dial().catch(() => undefined);
      if (duplex === undefined) {
        await sleep(50);
        continue;
      }
      let closed = false;
      duplex.start({
        received: () => undefined,
        closed: () => {
          closed = true;
        },
      });
      if (round % 2 === 0) duplex.send(fromHex("0001002000010040c001"));
      while (!closed && !this.over) await sleep(50);
      duplex.destroy();
      this.tally.halfOpen++;
    }
  }

  /** From another host, with a wrong secret, 1,000 times a minute, whether the one before was answered or not. */
  async stranger(): Promise<void> {
    const under = new Set<Promise<void>>();
    for (let number = 0; !this.over; number++) {
      const guess = this.dial("127.0.0.9").then((duplex) => this.#session(duplex, `guess ${number}`));
      const told = guess.then(
        () => void this.tally.errors.push("a stranger came in"),
        () => void this.tally.guesses++,
      );
      under.add(told);
      void told.then(() => under.delete(told));
      await sleep(60);
    }
    await Promise.all(under);
  }

  /** So many clients, of all kinds. */
  begin(count: number): Promise<void>[] {
    const of = (part: number): number => Math.max(1, Math.floor(count * part));
    const several = (many: number, run: (at: number) => Promise<void>): Promise<void>[] =>
      Array.from({ length: many }, (_, at) => run(at));
    return [
      ...several(Math.min(notes, of(0.08)), (at) => this.writer(at)),
      ...several(of(0.1), () => this.transfer()),
      ...several(of(0.1), () => this.aborting()),
      ...several(of(0.12), (at) => this.halfOpen(at)),
      ...several(of(0.6), () => this.reader()),
      this.stranger(),
    ];
  }
}
