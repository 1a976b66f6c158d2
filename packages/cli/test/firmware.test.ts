import { T, treeOf } from "@dlmskit/apdu";
import { dataObject, imageTransfer } from "@dlmskit/cosem-objects";
import { Meter, meterTemplate, none, Server } from "@dlmskit/server";
import { openPglite } from "@dlmskit/storage-pg";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { madeFolder } from "../../storage-pg/test/made-folder.ts";
import { folder } from "./run.ts";

const image = Uint8Array.from({ length: 700 }, (_, at) => (at * 11) & 0xff);

describe("a firmware image in PGlite", () => {
  it("15.9: blocks, status and version are there for the server that comes next", async () => {
    using place = folder();
    await madeFolder(place.path);
    await using store = await openPglite(place.path);
    const verified: Uint8Array[] = [];
    const run = async <R>(
      work: (meter: Meter, invoke: (id: number, argument?: unknown) => Promise<unknown>) => Promise<R>,
    ) => {
      const transfer = imageTransfer("0-0:44.0.0", {
        blockSize: 64,
        firmware: "1-0:0.2.0",
        verify({ octets }) {
          verified.push(octets);
          return true;
        },
      });
      const version = dataObject("1-0:0.2.0", { type: T.visibleString, value: "FW1" });
      const associations = { open: { client: 16, security: none() } };
      const meter = new Meter(meterTemplate({ objects: [transfer, version], associations }), { name: "IMG1" });
      const server = new Server({ meters: meter, clock: new VirtualClock(), store });
      server.adopt(meter);
      const result = await work(meter, async (id, argument = { type: "integer", value: 0 }) =>
        meter.invoke(transfer, id, argument as never),
      );
      await meter.settled();
      await server.close();
      return result;
    };
    const structure = (...value: unknown[]) => ({ type: "structure", value });
    const number = (value: number) => ({ type: "double-long-unsigned", value });
    const octets = (value: Uint8Array) => ({ type: "octet-string", value });
    const block = (at: number) => structure(number(at), octets(image.subarray(at * 64, at * 64 + 64)));
    const attribute = async (meter: Meter, classId: number, instanceId: string, attributeId: number) =>
      (treeOf(await meter.get({ classId, instanceId, attributeId })) as { value: unknown }).value;
    await run(async (_, invoke) => {
      await invoke(1, structure(octets(new TextEncoder().encode("FW2")), number(image.length)));
      for (const at of [10, 3, 0, 7]) await invoke(2, block(at));
    });
    await run(async (meter, invoke) => {
      expect(await attribute(meter, 18, "0.0.44.0.0.255", 3)).toBe("10010001001");
      for (const at of [1, 2, 4, 5, 6, 8, 9]) await invoke(2, block(at));
    });
    await run(async (_, invoke) => {
      await invoke(3);
      await invoke(4);
    });
    await run(async (meter) => {
      expect(await attribute(meter, 18, "0.0.44.0.0.255", 6)).toBe(6);
      expect(await attribute(meter, 1, "1.0.0.2.0.255", 2)).toBe("FW2");
    });
    expect(verified).toEqual([image]);
  });
});
