import { T } from "@dlmskit/apdu";
import { fromHex } from "@dlmskit/core";
import { dataObject, register } from "@dlmskit/cosem-objects";
import { tcpConnect } from "@dlmskit/transport/node";
import { encodeWpdu, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { meter, none, type ServeOptions, serve, tcp } from "../src/index.ts";
import { aarqOf, figures, flood, getListOf, getsOf } from "./flood.ts";

// Attack 2.14: what one connection sends must not stop the others. On real sockets; the figures are printed, not asserted.

const served = (more: Partial<ServeOptions> = {}) =>
  serve(
    meter({
      name: "TST0000000000001",
      objects: [
        register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" }),
        dataObject("0.0.96.1.0.255", { type: T.octetString, value: new Uint8Array(600) }),
      ],
      associations: {
        public: { client: 16, security: none(), access: "read" },
        flooding: { client: 17, security: none(), access: "read", maxSendPduSize: 0xffff },
      },
    }),
    { on: { wrapper: tcp(0, () => new WrapperServerLink({})) }, ...more },
  );

describe("while 8 connections send without end, a well-behaved client is answered", () => {
  const aarq = aarqOf(17);
  it.each([
    ["public AARQs in a row", aarq, true],
    ["lists whose answer is 50 times as long", getListOf(17, 80, "00010000600100ff02"), true],
    ["lists, and nothing of the answers is read", getListOf(17, 80, "00010000600100ff02"), false],
    ["requests to no meter", Uint8Array.of(0, 1, 0, 17, 0, 99, 0, 1, 0xc0), true],
  ])("%s", async (what, unit, reads) => {
    // Room for all: here it is about the event loop.
    await using running = await served({ limits: { associationsPerMeter: 32 } });
    const port = running.addresses.wrapper?.port ?? 0;
    const quiet = await getsOf(port, 100);
    const before = process.memoryUsage();
    const stop = await flood({ port, sockets: 8, first: aarq, unit, reads });
    const took = await getsOf(port, 60);
    const { rss } = process.memoryUsage();
    const counts = await stop();
    const grown = (rss - before.rss) / (1 << 20);
    process.stdout.write(
      `${what}: alone ${figures(quiet)}; flooded ${figures(took)}; memory ${grown.toFixed(0)} MiB more; ` +
        `${(counts.sent / 1024).toFixed(0)} KiB sent, ${(counts.received / 1024).toFixed(0)} KiB answered, ${counts.closed} closed\n`,
    );
    expect(took).toHaveLength(60);
    expect(grown).toBeLessThan(200);
    // What waits is in the sockets: nobody is cut off for it.
    expect(counts.closed).toBe(0);
  });
});

describe("one connection", () => {
  it("is served between the items of another's request", async () => {
    const order: string[] = [];
    const busy = dataObject(
      "0.0.96.1.1.255",
      { type: T.unsigned, value: 1 },
      {
        read: {
          value: () => {
            for (const until = performance.now() + 5; performance.now() < until; );
            order.push("item");
            return 1;
          },
        },
      },
    );
    const quick = register(
      "1.0.1.8.0.255",
      { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" },
      {
        read: {
          value: () => {
            order.push("other");
            return 1234;
          },
        },
      },
    );
    const open = { client: 16, security: none(), access: "read" } as const;
    const made = meter({ name: "TST0000000000001", objects: [busy, quick], associations: { open } });
    await using running = await serve(made, { on: { wrapper: tcp(0, () => new WrapperServerLink({})) } });
    const port = running.addresses.wrapper?.port ?? 0;
    const line = await tcpConnect("127.0.0.1", port);
    const answered = new Promise<void>((resolve) => {
      let octets = 0;
      line.start({
        received: (piece) => {
          octets += piece.length;
          if (octets > 51 + 8 + 4 + 50 * 2) resolve();
        },
        closed: () => undefined,
      });
    });
    line.send(aarqOf(16));
    line.send(getListOf(16, 60, "00010000600101ff02"));
    await expect.poll(() => order.length).toBeGreaterThan(0);
    await getsOf(port, 1);
    await answered;
    line.destroy();
    expect(order.filter((what) => what === "item")).toHaveLength(60);
    expect(order.indexOf("other")).toBeGreaterThan(0);
    expect(order.at(-1)).toBe("item");
  });
});

describe("a client that does not wait for its answers", () => {
  it("loses none of them, however many it asks for while the meter is busy", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = dataObject(
      "0.0.96.1.2.255",
      { type: T.unsigned, value: 1 },
      { read: { value: () => held.then(() => 7) } },
    );
    const open = { client: 16, security: none(), access: "read" } as const;
    const made = meter({ name: "TST0000000000001", objects: [slow], associations: { open } });
    await using running = await serve(made, { on: { wrapper: tcp(0, () => new WrapperServerLink({})) } });
    const line = await tcpConnect("127.0.0.1", running.addresses.wrapper?.port ?? 0);
    let octets = 0;
    line.start({
      received: (piece) => {
        octets += piece.length;
      },
      closed: () => undefined,
    });
    line.send(aarqOf(16));
    const get = (invokeId: number): Uint8Array =>
      encodeWpdu({ source: 16, destination: 1, pdu: fromHex(`c001c${invokeId.toString(16)}00010000600102ff0200`) });
    const asked = 5000;
    for (let at = 0; at < asked; at++) line.send(get(at % 16));
    await new Promise((resolve) => setTimeout(resolve, 300));
    release();
    await expect.poll(() => octets, { timeout: 60_000 }).toBe(51 + asked * 14);
    line.destroy();
  });
});
