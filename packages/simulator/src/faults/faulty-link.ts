import { concat, type Link, type LinkAddress, type LinkOutput } from "@dlmskit/core";
import type { FrameVerdict } from "./fault-kind.ts";

/** What happens to octets that a link receives or sends. */
export type FrameFaults = (way: "received" | "sent", octets: Uint8Array) => FrameVerdict | undefined;

interface Held {
  readonly due: number;
  octets: Uint8Array;
  readonly joined: boolean;
}

/** The server's end of a data link that loses, alters or delays octets. Octets are sent in their original order. */
export class FaultyLink implements Link {
  readonly #link: Link;
  readonly #faults: FrameFaults;
  #held: Held[] = [];
  #now = 0;
  readonly yield?: NonNullable<Link["yield"]>;
  readonly follow?: NonNullable<Link["follow"]>;
  readonly settled?: NonNullable<Link["settled"]>;
  readonly setInactivity?: NonNullable<Link["setInactivity"]>;
  readonly notify?: NonNullable<Link["notify"]>;

  constructor(link: Link, faults: FrameFaults) {
    this.#link = link;
    this.#faults = faults;
    // The owner of a link checks which of these functions the link has.
    if (link.yield !== undefined) {
      this.yield = (now, address) => {
        this.#now = now;
        link.yield?.(now, address);
      };
    }
    if (link.follow !== undefined) this.follow = (settings) => link.follow?.(settings);
    if (link.settled !== undefined) {
      this.settled = (now, address) => {
        this.#now = now;
        link.settled?.(now, address);
      };
    }
    if (link.setInactivity !== undefined) this.setInactivity = (inactivity) => link.setInactivity?.(inactivity);
    if (link.notify !== undefined) {
      this.notify = (unasked, now, address) => {
        this.#now = now;
        link.notify?.(unasked, now, address);
      };
    }
  }

  get deadline(): number | undefined {
    const { deadline } = this.#link;
    const due = this.#held[0]?.due;
    return deadline === undefined || (due !== undefined && due < deadline) ? due : deadline;
  }

  receive(octets: Uint8Array, now: number): void {
    this.#now = now;
    const verdict = this.#faults("received", octets);
    if (verdict === undefined) {
      this.#link.receive(octets, now);
      return;
    }
    if (verdict.back !== undefined) this.#hold(verdict.back, 0);
    for (const { octets: piece } of verdict.pieces) this.#link.receive(piece, now);
  }

  send(pdu: Uint8Array, now: number, address?: LinkAddress): void {
    this.#now = now;
    this.#link.send(pdu, now, address);
  }

  expire(now: number): void {
    this.#now = now;
    const { deadline } = this.#link;
    if (deadline !== undefined && deadline <= now) this.#link.expire(now);
  }

  close(now: number): void {
    this.#now = now;
    this.#link.close(now);
  }

  poll(): LinkOutput | undefined {
    for (;;) {
      const [first] = this.#held;
      if (first !== undefined && first.due <= this.#now) {
        this.#held.shift();
        return { type: "transmit", octets: first.octets };
      }
      const output = this.#link.poll();
      if (output?.type !== "transmit") return output;
      const verdict = this.#faults("sent", output.octets);
      if (verdict === undefined) this.#hold(output.octets, 0);
      else for (const { octets, delay = 0, joined = false } of verdict.pieces) this.#hold(octets, delay, joined);
    }
  }

  #hold(octets: Uint8Array, delay: number, joined = false): void {
    const last = this.#held.at(-1);
    const due = Math.max(last?.due ?? this.#now, this.#now + delay);
    if (joined && last?.joined === true && last.due === due) last.octets = concat(last.octets, octets);
    else this.#held.push({ octets, due, joined });
  }
}
