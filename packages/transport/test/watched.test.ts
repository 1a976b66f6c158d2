import { expect, it } from "vitest";
import { type Duplex, memoryPair, observed, watched } from "../src/index.ts";

/** A connection that has everything a Duplex can have, and writes down what it is asked for. */
function complete(): { readonly duplex: Duplex; readonly asked: string[] } {
  const asked: string[] = [];
  const duplex: Duplex = {
    ...{ remote: "far", bufferedOctets: 7, datagrams: true },
    send: (octets) => void asked.push(`send ${octets.join()}`),
    end: () => void asked.push("end"),
    destroy: () => void asked.push("destroy"),
    pause: () => void asked.push("pause"),
    resume: () => void asked.push("resume"),
    changeBaudRate: (baudRate) => void asked.push(`baud rate ${baudRate}`),
    setRank: (rank) => void asked.push(`rank ${rank}`),
    start: () => void asked.push("start"),
  };
  return { duplex, asked };
}

it("a connection with handlers around has all that it had before, and nothing else", () => {
  const { duplex, asked } = complete();
  const around = observed(duplex, {});
  expect(Object.keys(around).sort()).toEqual(Object.keys(duplex).sort());
  expect([around.remote, around.bufferedOctets, around.datagrams]).toEqual(["far", 7, true]);
  around.send(Uint8Array.of(1, 2));
  around.pause?.();
  around.resume?.();
  around.changeBaudRate?.(9600);
  around.setRank?.(2);
  around.end();
  around.destroy();
  around.start({ received: () => undefined, closed: () => undefined });
  expect(asked).toEqual(["send 1,2", "pause", "resume", "baud rate 9600", "rank 2", "end", "destroy", "start"]);
  const [bare] = memoryPair();
  const { changeBaudRate, setRank } = watched(bare, () => undefined);
  expect([changeBaudRate, setRank]).toEqual([undefined, bare.setRank]);
});

it("tells that it is over after the handler was called, once", async () => {
  const [near, far] = memoryPair();
  const told: string[] = [];
  const around = watched(near, () => told.push("over"));
  await new Promise<void>((resolve) => {
    around.start({
      received: () => told.push("received"),
      closed: () => {
        told.push("closed");
        setImmediate(resolve);
      },
    });
    far.start({ received: () => undefined, closed: () => undefined });
    far.send(Uint8Array.of(1));
    far.end();
  });
  expect(told).toEqual(["received", "closed", "over"]);
});
