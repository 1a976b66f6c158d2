import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { fromHex } from "@dlmskit/core";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { encodeWpdu, WrapperClientLink } from "@dlmskit/wrapper";

// Peers that write without end, in a thread of their own: what they do takes no turn of the server's event loop.
const peers = `
const { connect } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const { port, sockets, first, unit, reads } = workerData;
const many = Buffer.concat(Array.from({ length: Math.ceil(65536 / unit.length) }, () => unit));
const counts = { sent: 0, received: 0, closed: 0 };
let live = true;
for (let at = 0; at < sockets; at++) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.on("close", () => { counts.closed++; });
  if (reads) socket.on("data", (octets) => { counts.received += octets.length; });
  const write = () => {
    while (live && !socket.destroyed) {
      const more = socket.write(many, (error) => { if (!error) counts.sent += many.length; });
      if (!more) { socket.once("drain", write); return; }
    }
  };
  socket.on("connect", () => { socket.write(first); setTimeout(write, 50); });
}
parentPort.on("message", () => { live = false; parentPort.postMessage(counts); process.exit(0); });
`;

export interface FloodOptions {
  readonly port: number;
  readonly sockets: number;
  /** Sent once by each, then `unit` without end. */
  readonly first: Uint8Array;
  readonly unit: Uint8Array;
  /** Whether they read what is answered. */
  readonly reads: boolean;
}

/** What the peers of a flood sent and received, in octets, and how many connections were closed. */
export interface FloodCounts {
  readonly sent: number;
  readonly received: number;
  readonly closed: number;
}

/** Begins a flood over TCP; gives what ends it. */
export async function flood(options: FloodOptions): Promise<() => Promise<FloodCounts>> {
  const worker = new Worker(peers, { eval: true, workerData: options });
  await once(worker, "online");
  await new Promise((resolve) => setTimeout(resolve, 300));
  return async () => {
    worker.postMessage("stop");
    const [counts] = (await once(worker, "message")) as [FloodCounts];
    await worker.terminate();
    return counts;
  };
}

const wpdu = (client: number, hex: string): Uint8Array =>
  encodeWpdu({ source: client, destination: 1, pdu: fromHex(hex.replaceAll(" ", "")) });

/** An AARQ without authentication that asks for GET, selective access, multiple references and blocks, PDU 65,535. */
export const aarqOf = (client: number): Uint8Array =>
  wpdu(client, "601da109060760857405080101be10040e01000000065f1f040000121d ffff");

/** A GET of so many items, all of the same attribute. */
export function getListOf(client: number, items: number, descriptor: string): Uint8Array {
  const list = Array.from({ length: items }, () => `${descriptor}00`).join("");
  return wpdu(client, `c003c1${items.toString(16).padStart(2, "0")}${list}`);
}

/** The times that so many GETs of a well-behaved client take, one after another, in ms; rejects where one times out. */
export async function getsOf(port: number, count: number, client = 16): Promise<number[]> {
  const duplex = await tcpConnect("127.0.0.1", port);
  const link = new WrapperClientLink({ client, server: 1 });
  const session = await connect({ duplex, link }, { clock: systemClock });
  const took: number[] = [];
  for (let at = 0; at < count; at++) {
    const began = performance.now();
    await session.read({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }, T.doubleLongUnsigned);
    took.push(performance.now() - began);
  }
  await session.release();
  return took;
}

/** "median 3.1 ms, worst 9.0 ms". */
export function figures(took: readonly number[]): string {
  const sorted = took.toSorted((one, other) => one - other);
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] as number).toFixed(1);
  return `median ${at(0.5)} ms, 95 % ${at(0.95)} ms, worst ${at(1)} ms`;
}
