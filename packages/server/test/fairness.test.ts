import { T } from "@dlmskit/apdu";
import { dataObject, register } from "@dlmskit/cosem-objects";
import { WrapperServerLink } from "@dlmskit/wrapper";
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
    await using running = await served();
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
  });
});
