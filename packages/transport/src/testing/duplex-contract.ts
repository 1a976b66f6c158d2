import { sameOctets } from "@dlmskit/core";
import type { Duplex } from "../duplex.ts";
import { check, eventually, listen, pause } from "./heard.ts";

/** Two ends of one open connection, not started yet. */
export interface DuplexPair {
  readonly near: Duplex;
  readonly far: Duplex;
  /** Closes what the pair needed, for example a listener. */
  readonly close?: () => Promise<void> | void;
}

/** One rule of a contract: `run` rejects with Fault `contract-broken` if the rule does not hold. It works with any test runner. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

type Rule = (pair: DuplexPair) => Promise<void>;

/** The rules for every stream transport: `for (const {name, run} of duplexContract(open)) it(name, run)`. */
export function duplexContract(open: () => Promise<DuplexPair> | DuplexPair): readonly ContractCase[] {
  return cases({ ...common, ...streams, ...flow }, open);
}

/** The rules for every line that carries octets only, for example a serial port: no end is informed when the other end closes. */
export function lineContract(open: () => Promise<DuplexPair> | DuplexPair): readonly ContractCase[] {
  return cases({ ...common, ...flow, ...lines }, open);
}

/** The rules for every call of a modem: it carries octets in both directions until one end hangs up. */
export function callContract(open: () => Promise<DuplexPair> | DuplexPair): readonly ContractCase[] {
  const { "ends one way while the other goes on": _, ...ends } = streams;
  return cases({ ...common, ...ends, ...flow, ...calls }, open);
}

/** The rules for every datagram transport. */
export function datagramContract(open: () => Promise<DuplexPair> | DuplexPair): readonly ContractCase[] {
  return cases({ ...common, ...datagrams }, open);
}

function cases(rules: Readonly<Record<string, Rule>>, open: () => Promise<DuplexPair> | DuplexPair): ContractCase[] {
  return Object.entries(rules).map(([name, rule]) => ({
    name,
    async run() {
      const pair = await open();
      try {
        await rule(pair);
      } finally {
        pair.near.destroy();
        pair.far.destroy();
        await pair.close?.();
      }
    },
  }));
}

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff);
}

const common: Readonly<Record<string, Rule>> = {
  async "carries octets both ways"({ near, far }) {
    const atNear = listen(near);
    const atFar = listen(far);
    near.send(pattern(20, 1));
    check(atFar.pieces.length === 0, "octets arrived before send returned");
    await eventually(() => atFar.octets.length === 20, "octets arrive");
    far.send(pattern(30, 2));
    await eventually(() => atNear.octets.length === 30, "the answer arrives");
    check(sameOctets(atFar.octets, pattern(20, 1)) && sameOctets(atNear.octets, pattern(30, 2)), "octets changed");
  },

  async "keeps what arrived before it was started"({ near, far }) {
    listen(near);
    near.send(pattern(40, 3));
    await pause(20);
    const atFar = listen(far);
    await eventually(() => sameOctets(atFar.octets, pattern(40, 3)), "early octets arrive");
  },

  async "names the other end"({ near, far }) {
    check(near.remote.length > 0 && far.remote.length > 0, "no name for the remote");
  },

  async "tells of its own destruction once, later and without Fault"({ near }) {
    const atNear = listen(near);
    near.destroy();
    check(atNear.events.length === 0, "closed was told before destroy returned");
    near.destroy();
    near.end();
    near.send(pattern(5, 4));
    await eventually(() => atNear.events.includes("closed"), "closed is told");
    await pause(10);
    check(atNear.events.join() === "closed" && atNear.fault === undefined, `told: ${atNear.events.join()}`);
  },
};

const streams: Readonly<Record<string, Rule>> = {
  async "ends one way while the other goes on"({ near, far }) {
    const atNear = listen(near);
    const atFar = listen(far, { halfOpen: true });
    near.send(pattern(10, 5));
    near.end();
    near.send(pattern(10, 6));
    await eventually(() => atFar.events.includes("ended"), "the end is told");
    check(sameOctets(atFar.octets, pattern(10, 5)), "octets were lost at the end, or sent behind it");
    far.send(pattern(100, 7));
    await eventually(() => atNear.octets.length === 100, "the answer to what was asked before the end arrives");
    far.end();
    await eventually(() => atNear.events.includes("closed") && atFar.events.includes("closed"), "both are closed");
    check(atNear.fault === undefined && atFar.fault === undefined, "an orderly end is no Fault");
    await pause(10);
    check(atFar.events.filter((event) => event === "closed").length === 1, "closed was told twice");
  },

  async "answers an end by its own where nobody listens for it"({ near, far }) {
    const atNear = listen(near);
    const atFar = listen(far);
    near.end();
    await eventually(() => atNear.events.includes("closed") && atFar.events.includes("closed"), "both are closed");
    check(atNear.fault === undefined && atFar.fault === undefined, "an orderly end is no Fault");
  },

  async "closes the other end when one is destroyed"({ near, far }) {
    listen(near);
    const atFar = listen(far);
    near.destroy();
    await eventually(() => atFar.events.includes("closed"), "the other end is closed");
    far.send(pattern(5, 8));
    far.end();
  },

  async "tells that it is closed to who starts late"({ near, far }) {
    listen(near);
    near.destroy();
    far.destroy();
    await pause(20);
    const atFar = listen(far);
    await eventually(() => atFar.events.includes("closed"), "closed is told");
  },
};

/** The rules for every transport that carries octets in order, with or without an end. */
const flow: Readonly<Record<string, Rule>> = {
  async "carries a megabyte whole and in order"({ near, far }) {
    listen(near);
    const atFar = listen(far);
    const whole = pattern(1 << 20, 9);
    for (let at = 0; at < whole.length; at += 5000) near.send(whole.subarray(at, at + 5000));
    await eventually(() => atFar.pieces.reduce((sum, piece) => sum + piece.length, 0) === whole.length, "all arrives");
    check(sameOctets(atFar.octets, whole), "octets changed or changed places");
  },

  async "delivers nothing while it is paused, where it can be, and loses nothing"({ near, far }) {
    for (const [sender, receiver, heard] of [
      [near, far, listen(far)],
      [far, near, listen(near)],
    ] as const) {
      if (receiver.pause === undefined) continue;
      sender.send(pattern(10, 11));
      await eventually(() => heard.octets.length === 10, "octets arrive before");
      receiver.pause();
      sender.send(pattern(10, 12));
      await pause(20);
      check(heard.octets.length === 10, "octets arrived in the pause");
      receiver.resume?.();
      await eventually(() => heard.octets.length === 20, "octets arrive after the pause");
    }
  },

  async "delivers nothing in a pause that begins as it starts, or before"({ near, far }) {
    near.pause?.();
    far.send(pattern(10, 13));
    await pause(20);
    const atNear = listen(near);
    const atFar = listen(far);
    far.pause?.();
    near.send(pattern(10, 14));
    await pause(20);
    for (const [end, heard] of [
      [near, atNear],
      [far, atFar],
    ] as const) {
      if (end.pause !== undefined) check(heard.octets.length === 0, "octets arrived in the pause");
      end.resume?.();
      await eventually(() => heard.octets.length === 10, "octets arrive after the pause");
    }
  },

  async "shows what a peer does not read, and goes on when it does"({ near, far }) {
    const atNear = listen(near);
    const part = pattern(1 << 16, 10);
    let sent = 0;
    for (; sent < 32 << 20 && near.bufferedOctets < 1 << 17; sent += part.length) {
      near.send(part);
      await pause(0);
    }
    check(near.bufferedOctets >= 1 << 17, "bufferedOctets does not grow");
    const atFar = listen(far);
    await eventually(() => atFar.pieces.reduce((sum, piece) => sum + piece.length, 0) === sent, "all arrives");
    await eventually(() => atNear.events.includes("drained"), "drained is told");
    check(near.bufferedOctets === 0, "bufferedOctets stays behind");
  },
};

const lines: Readonly<Record<string, Rule>> = {
  async "sends what was sent before its end, and tells that it is closed"({ near, far }) {
    const atNear = listen(near);
    const atFar = listen(far);
    near.send(pattern(2000, 13));
    near.end();
    near.send(pattern(10, 14));
    await eventually(() => atNear.events.includes("closed"), "closed is told");
    await eventually(() => atFar.octets.length === 2000, "all that was sent before the end arrives");
    await pause(20);
    check(sameOctets(atFar.octets, pattern(2000, 13)), "octets changed, or were sent behind the end");
    check(atNear.fault === undefined && !atFar.events.includes("closed"), "an end is no Fault, and ends no other");
  },

  async "tells that it is closed to who starts late"({ near }) {
    near.destroy();
    await pause(20);
    const atNear = listen(near);
    await eventually(() => atNear.events.includes("closed"), "closed is told");
  },

  async "changes its baud rate between what is sent before and after"({ near, far }) {
    listen(near);
    const atFar = listen(far);
    near.send(pattern(100, 15));
    near.changeBaudRate?.(19_200);
    near.send(pattern(100, 16));
    await eventually(() => atFar.octets.length === 200, "octets of both arrive");
    check(sameOctets(atFar.octets.subarray(100), pattern(100, 16)), "octets changed");
  },
};

const calls: Readonly<Record<string, Rule>> = {
  async "sends what was sent before it hangs up, and both ends hear that it is over"({ near, far }) {
    const atNear = listen(near);
    const atFar = listen(far);
    near.send(pattern(2000, 17));
    near.end();
    near.send(pattern(10, 18));
    await eventually(() => atNear.events.includes("closed") && atFar.events.includes("closed"), "both are closed");
    check(sameOctets(atFar.octets, pattern(2000, 17)), "octets changed, or were sent behind the end");
    check(atNear.fault === undefined && atFar.fault === undefined, "an orderly end is no Fault");
  },
};

const datagrams: Readonly<Record<string, Rule>> = {
  async "keeps datagrams apart"({ near, far }) {
    check(near.datagrams === true && far.datagrams === true, "it does not say that it carries datagrams");
    listen(near);
    const atFar = listen(far);
    near.send(pattern(10, 1));
    near.send(pattern(1, 2));
    near.send(pattern(1200, 3));
    await eventually(() => atFar.pieces.length === 3, "three datagrams arrive");
    const lengths = atFar.pieces.map((piece) => piece.length).sort((a, b) => a - b);
    check(lengths.join() === "1,10,1200", `datagrams of ${lengths.join()} octets`);
  },

  async "sends what was sent before the end"({ near, far }) {
    listen(near);
    const atFar = listen(far);
    near.send(pattern(10, 1));
    near.end();
    await eventually(() => atFar.octets.length === 10, "the last datagram arrives");
  },
};
