import { createSocket, type Socket } from "node:dgram";
import { T } from "@dlmskit/apdu";
import { Initiator } from "@dlmskit/association";
import { connect } from "@dlmskit/client";
import { fromAscii, fromHex } from "@dlmskit/core";
import { dataObject, register } from "@dlmskit/cosem-objects";
import { noble } from "@dlmskit/security";
import { systemClock, udpConnect } from "@dlmskit/transport/node";
import { encodeWpdu, WrapperClientLink, WrapperDatagramLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { hls, type Limits, meter, none, platformRandom, type ServerEvent, serve, udp } from "../src/index.ts";
import { aarqOf, getListOf } from "./flood.ts";

// Where a datagram comes from can be forged. On real sockets; figures are printed.

const secret = "a long secret of the utility";
const long = new Uint8Array(900).fill(7);
const noted = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 } as const;
const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 } as const;

async function served(limits: Partial<Limits> = {}) {
  const events: ServerEvent[] = [];
  const running = await serve(
    meter({
      name: "TST0000000000001",
      objects: [
        register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" }),
        dataObject("0.0.96.1.0.255", { type: T.octetString, value: long }),
      ],
      associations: {
        public: { client: 16, security: none(), access: "read" },
        utility: { client: 48, security: hls(3, secret), access: "full" },
      },
    }),
    { on: { wrapper: udp(0, () => new WrapperDatagramLink()) }, limits, events: (event) => events.push(event) },
  );
  const port = running.addresses.wrapper?.port ?? 0;
  const client = async (sap: 16 | 48) => {
    const duplex = await udpConnect("127.0.0.1", port);
    const link = new WrapperClientLink({ client: sap, server: 1 });
    const authenticated = sap === 48 ? { mechanism: 3 as const, secret: fromAscii(secret) } : {};
    return connect({ duplex, link }, { clock: systemClock, timeout: 5000, ...authenticated });
  };
  return { running, port, client, events, [Symbol.asyncDispose]: () => running.close() };
}

const hlsAarq = (): Uint8Array => {
  const initiator = new Initiator({
    ...{ context: "logical-name", ciphered: false, mechanism: 3, secret: fromAscii(secret), conformance: ["get"] },
    ...{ maxReceivePduSize: 0xffff, provider: noble, random: platformRandom, timeout: 5000 },
  });
  initiator.open(0);
  const output = initiator.poll();
  if (output?.type !== "transmit") throw new Error("no AARQ");
  return encodeWpdu({ source: 48, destination: 1, pdu: output.pdu });
};
const wpdu = (hex: string): Uint8Array => encodeWpdu({ source: 16, destination: 1, pdu: fromHex(hex) });

const bound = (): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1", () => resolve(socket));
  });

const batch = 500;

/** Sends datagrams from so many sources, each from its own; gives octets sent and answered. */
async function sources(port: number, count: number, datagrams: readonly Uint8Array[]) {
  const figures = { sent: 0, answered: 0, longest: 0 };
  for (let from = 0; from < count; from += batch) {
    const sockets = await Promise.all(Array.from({ length: Math.min(batch, count - from) }, bound));
    for (const socket of sockets) {
      socket.on("message", ({ length }) => {
        figures.answered += length;
        figures.longest = Math.max(figures.longest, length);
      });
      for (const octets of datagrams) {
        await new Promise<void>((resolve) => socket.send(octets, port, "127.0.0.1", () => resolve()));
        figures.sent += octets.length;
      }
    }
    // All that is answered is heard before the sources are gone.
    for (let before = -1; before !== figures.answered; ) {
      before = figures.answered;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    for (const socket of sockets) socket.close();
  }
  return figures;
}

describe("1,500 sources that are made up", () => {
  const list = getListOf(16, 9, "00010000600100ff02");
  it.each([
    ["ask without an association", 2, [list]],
    ["open public associations and ask", 9, [aarqOf(16), list]],
    ["begin to authenticate", 1030, [hlsAarq()]],
    ["send what is nothing", 2, [fromHex("00010010000100047e7e")]],
  ] as const)("%s: they cost little, get little, and keep no new client out", async (what, most, datagrams) => {
    await using server = await served();
    // It was there before, and stays.
    const utility = await server.client(48);
    const counts = await sources(server.port, 1500, datagrams);
    const kept = server.running.server.connections;
    const began = performance.now();
    const late = [await server.client(48), await server.client(16)] as const;
    for (const session of [utility, ...late]) expect(await session.read(energy, T.doubleLongUnsigned)).toBe(1234);
    const ms = performance.now() - began;
    const times = counts.answered / counts.sent;
    process.stdout.write(
      `${what}: ${kept} sources are kept; ${counts.sent} octets sent, ${counts.answered} answered (${times.toFixed(2)} x), ` +
        `the longest ${counts.longest}; two new clients served in ${ms.toFixed(0)} ms\n`,
    );
    expect(kept).toBeLessThanOrEqual(most);
    expect(times).toBeLessThanOrEqual(5);
  });
});

describe("a source that has not authenticated", () => {
  it("gets no answer longer than five times what it sent", async () => {
    await using server = await served();
    const socket = await bound();
    const got: number[] = [];
    socket.on("message", ({ length }) => void got.push(length));
    const ask = async (octets: Uint8Array): Promise<number | undefined> => {
      const before = got.length;
      socket.send(octets, server.port, "127.0.0.1");
      await expect
        .poll(() => got.length, { timeout: 1000 })
        .toBeGreaterThan(before)
        .catch(() => undefined);
      return got[before];
    };
    const rows: string[] = [];
    const get = `00010000600100ff0200`;
    for (const [what, octets] of [
      ["an AARQ", aarqOf(16)],
      ["an AARQ of HLS", hlsAarq()],
      ["an AARQ that is cut", wpdu("60")],
      ["a GET", wpdu(`c001c1${get}`)],
      ["a GET list", wpdu(`c003c109${get.repeat(9)}`)],
      ["a GET-next", wpdu("c002c100000001")],
      ["an unknown tag", wpdu("7e")],
    ] as const) {
      const answer = await ask(octets);
      rows.push(`${what} ${octets.length}: ${answer}`);
      expect(answer ?? 0, what).toBeLessThanOrEqual(5 * octets.length);
    }
    await using strict = await served({ datagramAnswer: 1 });
    socket.send(aarqOf(16), strict.port, "127.0.0.1");
    await expect.poll(() => strict.running.server.counts["refused:answer-withheld"]).toBe(1);
    process.stdout.write(`octets sent: answered, ${rows.join("; ")}\n`);
    socket.close();
  });

  it("reads what is long in small blocks, or as it likes where that is allowed", async () => {
    await using server = await served();
    await using lenient = await served({ datagramAnswer: 0 });
    for (const one of [server, lenient]) {
      for (const sap of [16, 48] as const) {
        const session = await one.client(sap);
        expect(await session.read(noted, T.octetString)).toEqual(long);
        await session.release();
      }
      expect(one.running.server.counts["refused:answer-withheld"]).toBeUndefined();
    }
    const [limited, unlimited] = [server, lenient].map(({ events }) =>
      events.flatMap((event) => (event.type === "associated" ? [event.association.clientMaxReceivePduSize] : [])),
    );
    expect(limited?.[0]).toBe(64);
    expect(unlimited?.[0]).toBeGreaterThan(500);
    // Who has authenticated gets as much at once as anybody.
    expect(limited?.[1]).toBe(unlimited?.[1]);
  });
});
