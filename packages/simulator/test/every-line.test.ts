import { Data } from "@dlmskit/apdu";
import { type CellValue, connect, type Session } from "@dlmskit/client";
import { type ClientLink, Fault, fromAscii } from "@dlmskit/core";
import { Primary, Station } from "@dlmskit/hdlc";
import { ModeEClient } from "@dlmskit/iec62056-21";
import { MbusClientLink, MbusServerLink } from "@dlmskit/mbus";
import { CounterLedger } from "@dlmskit/security";
import { type Duplex, type Listener, seededRandom, withFaults } from "@dlmskit/transport";
import {
  systemClock,
  tcpConnect,
  tcpListen,
  tlsConnect,
  tlsListen,
  udpConnect,
  udpListen,
} from "@dlmskit/transport/node";
import { serialOpen } from "@dlmskit/transport/serial";
import { WrapperClientLink, WrapperDatagramLink, WrapperServerLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong } from "../../../test/campaign.ts";
import { noPty, ptyPair } from "../../../test/pty-pair.ts";
import { clientTitle, meterTitle, newAuthority } from "../../transport/test/tls-identities.ts";
import { createSimulator, identityOptions, type Simulator } from "../src/index.ts";
import { now0 } from "./bottle.ts";

const client = 32;
const counters = new CounterLedger({ start: 1 });
counters.reserved(0x1000_0000);

let simulator: Simulator;
let expected: string[];

/** All that a meter reader may read: every attribute but the buffers, and the newest rows of every profile. */
async function fullRead(session: Session): Promise<string[]> {
  const { objects } = await session.discover();
  const read: string[] = [];
  for (const { classId, instanceId, attributes } of objects) {
    const readable = attributes.filter((one) => one.readable && !(classId === 7 && one.attributeId === 2));
    const asked = readable.map(({ attributeId }) => ({ classId, instanceId, attributeId }));
    // What an association says of itself and the invocation counters differ from one connection to the next.
    if (asked.length === 0 || classId === 15 || instanceId.startsWith("0.0.43.1.")) continue;
    for (const [at, result] of (await session.get(asked)).entries()) {
      const text = "data" in result ? JSON.stringify(Data.toJson(result.data as Data)) : result.error;
      read.push(`${instanceId}:${asked[at]?.attributeId} ${text}`);
    }
    if (classId !== 7 || !attributes.some((one) => one.attributeId === 2 && one.readable)) continue;
    const { rows } = await session.profile(instanceId, { entries: [1, 5] });
    for (const row of rows) read.push(`${instanceId} ${row.map(({ value }) => cellText(value)).join(" ")}`);
  }
  return read;
}

const cellText = (value: CellValue): string =>
  JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one));

/** A read that begins again as long as the association does not come to be: a lost AARQ is not repeated on UDP. */
async function readOver(open: () => Promise<Duplex>, link: () => ClientLink): Promise<string[]> {
  const identity = await simulator.identity(0);
  const { options } = identityOptions(identity, client, { systemTitle: fromAscii("HES00001"), counters });
  for (let attempt = 1; ; attempt++) {
    let session: Session;
    try {
      session = await connect(
        { duplex: await open(), link: link() },
        { clock: systemClock, timeout: 4000, retries: 8, ...options },
      );
    } catch (caught) {
      if (attempt === 5 || !(caught instanceof Fault)) throw caught;
      continue;
    }
    const read = await fullRead(session);
    await session.release();
    return read;
  }
}

const primary = (): Primary =>
  new Primary({
    client,
    server: { upper: 1 },
    timeout: 150,
    retries: 12,
    maxInfoSend: 128,
    maxInfoReceive: 128,
    windowReceive: 3,
  });
const wrapper = (): ClientLink => new WrapperClientLink({ client, server: 1 });
const stationLink = (): Station => new Station({ addresses: () => true, windowSend: 3, interOctet: 60 });
/** Both ways: what the client sends, and what the meter sends. */
const bad = (seed: number) => ({ seed, clock: systemClock, loss: 0.05, corrupt: 0.05, duplicate: 0.05 });

/**
 * A line on which 5 % of what is sent either way is lost and 5 % altered, once the sign-on is over: a meter that misses the option
 * select message sends its data block at 300 baud, for two minutes.
 */
function badAfterSignOn(line: Duplex): Duplex {
  const random = seededRandom(3);
  let linked = false;
  const pass = (octets: Uint8Array, deliver: (octets: Uint8Array) => void): void => {
    const drawn = linked ? random() : 1;
    if (drawn < 0.05) return;
    const at = Math.floor(random() * octets.length);
    deliver(drawn < 0.1 ? octets.map((octet, place) => (place === at ? octet ^ 0x10 : octet)) : octets);
  };
  return {
    remote: line.remote,
    get bufferedOctets() {
      return line.bufferedOctets;
    },
    send: (octets) => pass(octets, (passed) => line.send(passed)),
    changeBaudRate(baudRate) {
      line.changeBaudRate?.(baudRate);
      linked = baudRate === 9600;
    },
    end: () => line.end(),
    destroy: () => line.destroy(),
    start: (handlers) =>
      line.start({
        received: (octets) => pass(octets, (passed) => handlers.received(passed)),
        ended: () => handlers.ended?.(),
        drained: () => handlers.drained?.(),
        closed: (fault) => handlers.closed(fault),
      }),
  };
}

describe.skipIf(!isLong)("a full read of the IS 15959 meter gives the same over every line", () => {
  beforeAll(async () => {
    simulator = await createSimulator({ seed: "every line", start: now0, speed: 0 });
    const listener = await tcpListen({
      port: 0,
      accept: (duplex) => simulator.server.accept(duplex, new WrapperServerLink()),
    });
    expected = await readOver(() => tcpConnect("127.0.0.1", listener.port), wrapper);
    await listener.close();
    expect(expected.length).toBeGreaterThan(300);
  });
  afterAll(() => simulator.close());

  it("HDLC on TCP, with octets lost, altered and repeated", async () => {
    const listener = await tcpListen({
      port: 0,
      accept: (duplex) => simulator.server.accept(withFaults(duplex, bad(1)), stationLink()),
    });
    const open = async (): Promise<Duplex> => withFaults(await tcpConnect("127.0.0.1", listener.port), bad(2));
    expect(await readOver(open, primary)).toEqual(expected);
    await listener.close();
  });

  it("M-Bus on TCP, with octets lost, altered and repeated", async () => {
    const link = (): MbusServerLink => new MbusServerLink({ addresses: [1], interOctet: 60 });
    const listener = await tcpListen({
      port: 0,
      accept: (duplex) => simulator.server.accept(withFaults(duplex, bad(10)), link()),
    });
    const open = async (): Promise<Duplex> => withFaults(await tcpConnect("127.0.0.1", listener.port), bad(11));
    const master = () =>
      new MbusClientLink({ client, server: 1, address: 1, timeout: 100, retries: 12, pollInterval: 5 });
    expect(await readOver(open, master)).toEqual(expected);
    await listener.close();
  });

  it.skipIf(noPty !== undefined)(
    "HDLC on a pseudo-terminal at 9600 baud after mode E, with octets lost, altered and repeated",
    async () => {
      const pair = await ptyPair();
      const listening = await simulator.listen({ serial: { path: pair.far, modeE: true } });
      const open = async (): Promise<Duplex> => badAfterSignOn(await serialOpen(pair.near, { baudRate: 300 }));
      const link = (): ClientLink => new ModeEClient({ link: primary(), highestBaudRate: 9600, retries: 8 });
      expect(await readOver(open, link)).toEqual(expected);
      await listening.close();
      await pair.close();
    },
  );

  it("the wrapper on UDP, with datagrams lost", async () => {
    const faults = (seed: number) => ({ seed, clock: systemClock, loss: 0.05 });
    const listener = await udpListen({
      port: 0,
      accept: (duplex) => simulator.server.accept(withFaults(duplex, faults(4)), new WrapperDatagramLink()),
    });
    const open = async (): Promise<Duplex> => withFaults(await udpConnect("127.0.0.1", listener.port), faults(5));
    expect(await readOver(open, wrapper)).toEqual(expected);
    await listener.close();
  });

  const cut = (seed: number) => ({ seed, clock: systemClock, split: 30, latency: [0, 2] as const });

  it("the wrapper on TCP, cut and late", async () => {
    const listener = await tcpListen({
      port: 0,
      accept: (duplex) => simulator.server.accept(withFaults(duplex, cut(6)), new WrapperServerLink()),
    });
    const open = async (): Promise<Duplex> => withFaults(await tcpConnect("127.0.0.1", listener.port), cut(7));
    expect(await readOver(open, wrapper)).toEqual(expected);
    await listener.close();
  });

  it("the wrapper on TLS, cut and late", async () => {
    const authority = newAuthority();
    const listener: Listener = await tlsListen({
      ...authority.identity(meterTitle),
      port: 0,
      accept: (duplex) => simulator.server.accept(withFaults(duplex, cut(8)), new WrapperServerLink()),
    });
    const own = { ...authority.identity(clientTitle), peerSystemTitle: meterTitle };
    const open = async (): Promise<Duplex> => withFaults(await tlsConnect("127.0.0.1", listener.port, own), cut(9));
    expect(await readOver(open, wrapper)).toEqual(expected);
    await listener.close();
  });
});
