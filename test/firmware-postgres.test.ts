import { type DataLike, dataOf, T, treeOf } from "@dlmskit/apdu";
import { dataObject, imageTransfer } from "@dlmskit/cosem-objects";
import { Meter, meterTemplate, none, Server } from "@dlmskit/server";
import { openPostgres } from "@dlmskit/storage-pg";
import { VirtualClock } from "@dlmskit/transport";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Server as Database, startServer } from "../packages/storage-pg/test/harness.ts";
import { patience } from "./campaign.ts";

let database: Database;
beforeAll(async () => {
  database = await startServer();
}, patience);
afterAll(() => database?.stop());

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const version = dataObject("1.0.0.2.0.255", { type: T.octetString, value: octets("FW1") });
const [size, blockSize, count] = [2500, 100, 25] as const;
const image = Uint8Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8)) & 0xff);

/** A process that has the meter until it ends. */
async function process(url: string, verified: Uint8Array[], run: (meter: Meter) => Promise<void>): Promise<void> {
  const transfer = imageTransfer("0.0.44.0.0.255", {
    ...{ blockSize, firmware: version.instance },
    verify(found) {
      verified.push(found.octets);
      return true;
    },
  });
  const template = meterTemplate({
    objects: [transfer, version],
    associations: { open: { client: 16, security: none(), access: "full" } },
  });
  const meter = new Meter(template, { name: "IMG1" });
  const store = await openPostgres(url);
  const server = new Server({ meters: meter, clock: new VirtualClock(), store });
  try {
    await run(meter);
  } finally {
    await server.close();
    await store.close();
  }
}

const invoke = async (meter: Meter, method: number, parameters: DataLike): Promise<void> => {
  const [object] = meter.template.devices.get(1)?.objects ?? [];
  if (object !== undefined) await meter.invoke(object, method, treeOf(parameters));
};
const nothing: DataLike = { type: "integer", value: 0 };
const block = (number: number): DataLike =>
  dataOf(T.structure({ number: T.doubleLongUnsigned, value: T.octetString }), {
    number,
    value: image.subarray(number * blockSize, (number + 1) * blockSize),
  });
const value = async (meter: Meter, classId: number, instanceId: string, attributeId: number): Promise<unknown> =>
  (treeOf(await meter.get({ classId, instanceId, attributeId })) as { readonly value: unknown }).value;
const shown = async (meter: Meter) => [
  await value(meter, 18, "0.0.44.0.0.255", 6),
  await value(meter, 18, "0.0.44.0.0.255", 4),
  new TextDecoder().decode((await value(meter, 1, version.instance, 2)) as Uint8Array),
];

it("15.2, 15.9: blocks out of order, from three processes, one after another: PostgreSQL has the whole image", {
  timeout: patience,
}, async () => {
  const url = await database.database();
  const verified: Uint8Array[] = [];
  const start = dataOf(T.structure({ identifier: T.octetString, size: T.doubleLongUnsigned }), {
    identifier: octets("FW2"),
    size,
  });
  await process(url, verified, async (meter) => {
    await invoke(meter, 1, start);
    for (let number = count - 1; number >= 10; number--) await invoke(meter, 2, block(number));
    expect(await shown(meter)).toEqual([1, 0, "FW1"]);
  });
  await process(url, verified, async (meter) => {
    expect(await shown(meter)).toEqual([1, 0, "FW1"]);
    // Some come a second time.
    for (let number = 0; number < 12; number++) await invoke(meter, 2, block(number));
    await invoke(meter, 3, nothing);
    expect(await shown(meter)).toEqual([3, count, "FW1"]);
  });
  await process(url, verified, async (meter) => {
    expect(await shown(meter)).toEqual([3, count, "FW1"]);
    await invoke(meter, 4, nothing);
    expect(await shown(meter)).toEqual([6, count, "FW2"]);
  });
  expect(verified).toEqual([image]);
  await process(url, verified, async (meter) => {
    expect(await shown(meter)).toEqual([6, count, "FW2"]);
    await invoke(meter, 1, start);
    expect(await shown(meter)).toEqual([1, 0, "FW2"]);
    await expect(invoke(meter, 3, nothing)).rejects.toMatchObject({ code: "other-reason" });
  });
});
