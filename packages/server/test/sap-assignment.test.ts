import { type Data, type DataLike, fromData, T, treeOf } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import { dataObject, SapAssignment } from "@dlmskit/cosem-objects";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { Meter, meterTemplate, none, type Route, type ServerEvent } from "../src/index.ts";
import { Bench, type ClientOptions, restarted } from "./a-client.ts";

const gas = "SUB0000000000GAS";
const water = "SUB000000000WATR";

function templateOf() {
  return meterTemplate({
    objects: [],
    devices: [
      { sap: 17, name: gas, objects: [dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 7 })] },
      { sap: 18, name: water, objects: [dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 8 })] },
    ],
    associations: { open: { client: 1, security: none(), access: "full" } },
  });
}

const aMeter = (): Meter => new Meter(templateOf(), { name: "TST0000000000001" });

const place = (sap: number, name: string): Data => ({
  type: "structure",
  value: [
    { type: "long-unsigned", value: sap },
    { type: "octet-string", value: fromAscii(name) },
  ],
});

/** What a bench shows to a client of one request each. */
class Asker {
  readonly bench: Bench;
  readonly options: ClientOptions;

  constructor(bench: Bench, options: ClientOptions = {}) {
    this.bench = bench;
    this.options = { client: 1, ...options };
  }

  /** The name that the logical device at a SAP tells; undefined: nobody answers. */
  async nameAt(server: number): Promise<string | undefined> {
    const client = await this.bench.client({ ...this.options, server }).open();
    if (!client.opened) return undefined;
    const [name] = await client.get([1, "0.0.42.0.0.255", 2]);
    client.pump.destroy();
    return new TextDecoder().decode((treeOf((name as { data: DataLike }).data) as { value: Uint8Array }).value);
  }

  async connect(sap: number, name: string): Promise<string> {
    const management = await this.bench.client({ ...this.options, server: 1 }).open();
    const result = await management.invoke(17, "0.0.41.0.0.255", 1, place(sap, name));
    management.pump.destroy();
    return result;
  }

  async list(): Promise<readonly [number, string][]> {
    const management = await this.bench.client({ ...this.options, server: 1 }).open();
    const [list] = await management.get([17, "0.0.41.0.0.255", 2]);
    management.pump.destroy();
    return fromData(SapAssignment.attributes.sapAssignmentList.type, (list as { data: DataLike }).data).map(
      ({ sap, logicalDeviceName }) => [sap, new TextDecoder().decode(logicalDeviceName)],
    );
  }
}

describe.each([
  ["the wrapper", {}],
  ["HDLC", { hdlc: { physical: 40 } }],
])("connect_logical_device over %s", (_, options: ClientOptions) => {
  it("18.9: a logical device is reached at the SAP that it was connected to, and not where it was", async () => {
    const asker = new Asker(new Bench(aMeter()), options);
    expect(await asker.nameAt(17)).toBe(gas);
    expect(await asker.connect(33, gas)).toBe("success");
    expect([await asker.nameAt(33), await asker.nameAt(17), await asker.nameAt(18)]).toEqual([gas, undefined, water]);
    expect(await asker.list()).toEqual([
      [1, "TST0000000000001"],
      [33, gas],
      [18, water],
    ]);
    // Another one may have the SAP that is free now, and both come back.
    expect(await asker.connect(17, water)).toBe("success");
    expect([await asker.nameAt(17), await asker.nameAt(18)]).toEqual([water, undefined]);
    expect([await asker.connect(18, water), await asker.connect(17, gas)]).toEqual(["success", "success"]);
    expect([await asker.nameAt(17), await asker.nameAt(18), await asker.nameAt(33)]).toEqual([gas, water, undefined]);
  });

  it("18.9: SAP 0 disconnects, any number of them", async () => {
    const asker = new Asker(new Bench(aMeter()), options);
    expect([await asker.connect(0, gas), await asker.connect(0, water)]).toEqual(["success", "success"]);
    expect([await asker.nameAt(17), await asker.nameAt(18), await asker.nameAt(0)]).toEqual(Array(3).fill(undefined));
    expect((await asker.list()).map(([sap]) => sap)).toEqual([1, 0, 0]);
    expect(await asker.connect(17, gas)).toBe("success");
    expect(await asker.nameAt(17)).toBe(gas);
  });

  it("18.9: it is so after a restart, from the first request on", async () => {
    const state = new MemoryState();
    const before = new Asker(new Bench(aMeter(), { store: await restarted(state) }), options);
    expect(await before.connect(33, gas)).toBe("success");
    const after = new Asker(new Bench(aMeter(), { store: await restarted(state) }), options);
    expect(await after.nameAt(33)).toBe(gas);
    expect(await new Asker(new Bench(aMeter(), { store: await restarted(state) }), options).nameAt(17)).toBe(undefined);
  });

  it("18.9: of many meters of one template each has its own, also one that nobody uses", async () => {
    const state = new MemoryState();
    const template = templateOf();
    const all = ["1", "2"].map((name) => new Meter(template, { name: `TST000000000000${name}` }));
    let asked = 0;
    const fleet: Route = ({ server }) => ({ meter: all[asked] as Meter, device: server });
    const asker = new Asker(new Bench(fleet, { store: await restarted(state) }), options);
    expect(await asker.connect(33, gas)).toBe("success");
    await asker.bench.settle(50);
    expect(all[0]?.hasLoaded).toBe(false);
    asked = 1;
    expect([await asker.nameAt(33), await asker.nameAt(17)]).toEqual([undefined, gas]);
    asked = 0;
    expect([await asker.nameAt(33), await asker.nameAt(17)]).toEqual([gas, undefined]);
  });
});

describe("connect_logical_device", () => {
  it.each([
    ["a SAP that another one has", 18, gas],
    ["the SAP of the management logical device", 1, gas],
    ["a reserved SAP", 2, gas],
    ["the last reserved SAP", 15, gas],
    ["the SAP of all stations", 0x7f, gas],
    ["a name that no logical device has", 33, "nobody"],
    ["another SAP for the management logical device", 33, "TST0000000000001"],
    ["no SAP for the management logical device", 0, "TST0000000000001"],
  ])("18.9: %s is refused, and nothing changes", async (_, sap, name) => {
    const asker = new Asker(new Bench(aMeter()));
    expect(await asker.connect(sap, name)).toBe("other-reason");
    expect((await asker.list()).map(([at]) => at)).toEqual([1, 17, 18]);
  });

  it("18.9: 16 is the first that is free, and the SAP that a logical device has is taken as told again", async () => {
    const asker = new Asker(new Bench(aMeter()));
    expect([await asker.connect(16, gas), await asker.connect(16, gas)]).toEqual(["success", "success"]);
    expect([await asker.connect(1, "TST0000000000001"), await asker.connect(16, water)]).toEqual([
      "success",
      "other-reason",
    ]);
    expect(await asker.nameAt(16)).toBe(gas);
  });

  it("18.9: a session with a logical device that was moved ends, and its address is that of another one", async () => {
    const bench = new Bench(aMeter());
    const asker = new Asker(bench);
    const open = await bench.client({ client: 1, server: 17 }).open();
    expect(open.opened).toBe(true);
    expect([await asker.connect(33, gas), await asker.connect(17, water)]).toEqual(["success", "success"]);
    // The association was one with the gas meter: the water meter knows of none.
    const [before] = [open.received.length];
    open.pump.send(Uint8Array.of(0xc0, 0x01, 0xc1, 0, 1, 0, 0, 0x2a, 0, 0, 0xff, 2, 0));
    await bench.settle();
    expect(open.received[before]?.[0]).not.toBe(0xc4);
    expect(bench.events.map(({ type }: ServerEvent) => type)).toContain("released");
    open.initiator.abort();
    await open.open();
    const [name] = await open.get([1, "0.0.42.0.0.255", 2]);
    expect(treeOf((name as { data: DataLike }).data)).toEqual({ type: "octet-string", value: fromAscii(water) });
  });
});
