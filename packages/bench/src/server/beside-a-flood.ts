import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { T } from "@dlmskit/apdu";
import { fromHex } from "@dlmskit/core";
import { dataObject, register } from "@dlmskit/cosem-objects";
import { tcp as listen, meter, none, serve } from "@dlmskit/server";
import { encodeWpdu, WrapperServerLink } from "@dlmskit/wrapper";
import type { Asking } from "./asking.ts";
import { BenchClient } from "./in-memory.ts";

const asked = 200;
const sockets = 8;

const wpdu = (pdu: string): Uint8Array => encodeWpdu({ source: 17, destination: 1, pdu: fromHex(pdu) });
// get, set, action, multiple references and blocks; PDU 65,535.
const aarq = wpdu("601da109060760857405080101be10040e01000000065f1f040000121dffff");
const list = wpdu(`c003c150${"00010000600100ff0200".repeat(80)}`);

/** The time of one client's GET in ms, while 8 other clients send without pause: the median and the maximum. */
export async function besideAFlood(asking: Asking): Promise<{ what: string; median: number; worst: number }[]> {
  const made = meter({
    name: "BEN0000000000001",
    objects: [
      register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 12_345_678, unit: "Wh" }),
      dataObject("0.0.96.1.0.255", { type: T.octetString, value: new Uint8Array(600) }),
    ],
    associations: {
      public: { client: 16, security: none(), access: "read" },
      flooding: { client: 17, security: none(), access: "read", maxSendPduSize: 0xffff },
    },
  });
  const found = [];
  for (const [what, request] of [
    ["nobody", undefined],
    ["8 that send AARQs", aarq],
    ["8 that ask for lists, answered by 50 times as much", list],
  ] as const) {
    await using running = await serve(made, { on: { wrapper: listen(0, () => new WrapperServerLink({})) } });
    const port = running.addresses.wrapper?.port ?? 0;
    let peers: Worker | undefined;
    if (request !== undefined) {
      const workerData = { port, sockets, open: aarq, request };
      peers = new Worker(new URL("./peers.ts", import.meta.url), { workerData });
      await once(peers, "message");
    }
    const { ask, socket } = await asking(port);
    const client = await new BenchClient(16).open(async (octets) => [(await ask([octets])).last]);
    const took: number[] = [];
    for (const get of client.gets(asked)) {
      // The client does not send immediately after an answer, because the server would then always be free.
      await new Promise((resolve) => setTimeout(resolve, 5 * Math.random()));
      const began = performance.now();
      await ask([get]);
      took.push(performance.now() - began);
    }
    socket.destroy();
    await peers?.terminate();
    took.sort((one, other) => one - other);
    found.push({ what, median: took[asked >> 1] as number, worst: took.at(-1) as number });
  }
  return found;
}
