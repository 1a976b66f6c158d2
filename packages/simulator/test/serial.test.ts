import { treeOf } from "@dlmskit/apdu";
import { connect, readout } from "@dlmskit/client";
import type { ClientLink } from "@dlmskit/core";
import { Primary } from "@dlmskit/hdlc";
import { ModeEClient, ReadoutClient, TelegramClient } from "@dlmskit/iec62056-21";
import { openMemoryStore } from "@dlmskit/storage";
import { systemClock } from "@dlmskit/transport/node";
import { serialOpen } from "@dlmskit/transport/serial";
import { afterEach, describe, expect, it } from "vitest";
import { noPty, type PtyPair, ptyPair } from "../../../test/pty-pair.ts";
import { createSimulator, type Simulator } from "../src/index.ts";

const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 };
const open: (Simulator | PtyPair)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
async function prepared(options: Parameters<typeof createSimulator>[0]): Promise<{ run: Simulator; pair: PtyPair }> {
  const pair = await ptyPair();
  const run = await createSimulator({ seed: "serial", ...options });
  open.push(run, pair);
  return { run, pair };
}
async function nameOver(path: string, baudRate: number, link: ClientLink): Promise<string> {
  const duplex = await serialOpen(path, { baudRate });
  const session = await connect({ duplex, link }, { clock: systemClock, timeout: 20_000 });
  const { value } = (await session.get(name)) as { value: Uint8Array };
  await session.release();
  return String.fromCharCode(...value);
}
const primary = (lower?: number): Primary =>
  new Primary({ client: 16, server: { upper: 1, ...(lower === undefined ? {} : { lower }) }, timeout: 5000 });

describe.skipIf(noPty !== undefined)("meters on a serial line", () => {
  it("of a row of communication_ports, each by its HDLC address", async () => {
    const store = await openMemoryStore();
    await store.communicationPorts.addAll([
      {
        portType: "SERIAL",
        portNumber: 7,
        baudRate: 19_200,
        dataBits: 8,
        stopBits: 1,
        parity: "NONE",
        flowControl: "NONE",
      },
    ]);
    const { run, pair } = await prepared({ store, meters: 2 });
    const { ports, reached } = await run.listen({ serialPath: (number) => (number === 7 ? pair.far : "/dev/none") });
    expect(ports).toMatchObject([{ host: pair.far, link: "hdlc", transport: "serial" }]);
    expect(reached[0]?.addresses.of(1)).toMatchObject({ host: pair.far, physical: 257 });
    const names = [0, 1].map((index) => run.meter(index).name);
    expect(await nameOver(pair.near, 19_200, primary(256))).toBe(names[0]);
    expect(await nameOver(pair.near, 19_200, primary(257))).toBe(names[1]);
  });

  it("of a row of 300 baud and 7E1, after the sign-on of mode E", async () => {
    const store = await openMemoryStore();
    await store.communicationPorts.addAll([
      { portType: "SERIAL", portNumber: 1, baudRate: 300, dataBits: 7, stopBits: 1, parity: "EVEN" },
    ]);
    const { run, pair } = await prepared({ store });
    await run.listen({ serialPath: () => pair.far });
    for (let time = 0; time < 2; time++) {
      const read = await nameOver(pair.near, 300, new ModeEClient({ link: primary() }));
      expect(read).toBe(run.meter(0).name);
    }
  });

  it("read out without mode E: the data block has what the objects have", async () => {
    const { run, pair } = await prepared({ meters: 2 });
    await run.listen({ serial: { path: pair.far, modeE: true } });
    const deviceAddress = run.fleet.serial(1);
    const duplex = await serialOpen(pair.near, { baudRate: 300 });
    const read = await readout({ duplex, link: new ReadoutClient({ deviceAddress }) }, { clock: systemClock });
    expect(read).toMatchObject({ mode: "C", identification: { manufacturer: "DLM", identification: "SIMULATOR" } });
    const shown = (address: string) => read.dataSets.find((one) => one.address === address)?.values[0];
    expect(shown("0-0:42.0.0*255")).toEqual({ value: run.meter(1).name });
    const energy = await run.using(1, async (meter) =>
      treeOf(await meter.get({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 })),
    );
    const { value = "", unit } = shown("1-0:1.8.0*255") ?? {};
    expect(unit).toBe("kWh");
    expect(Math.abs(Number(value) * 1000 - Number((energy as { value: number }).value))).toBeLessThan(5);
  });

  it("send a telegram by themselves", async () => {
    const { run, pair } = await prepared({});
    await run.listen({ serial: { path: pair.far, telegram: 500 } });
    const duplex = await serialOpen(pair.near, { baudRate: 115_200 });
    const read = await readout({ duplex, link: new TelegramClient() }, { clock: systemClock, deadline: 20_000 });
    expect(read.mode).toBe("D");
    expect(read.dataSets).toContainEqual({ address: "0-0:42.0.0*255", values: [{ value: run.meter(0).name }] });
  });

  it("that is told, and what cannot be is refused", async () => {
    const { run, pair } = await prepared({});
    const listening = await run.listen({ serial: { path: pair.far, baudRate: 9600 } });
    expect(await nameOver(pair.near, 9600, primary())).toBe(run.meter(0).name);
    await listening.close();
    const missing = run.listen({ serial: { path: "/dev/no-such-port" } });
    await expect(missing).rejects.toMatchObject({ code: "no-such-port" });
    const seven = run.listen({ serial: { path: pair.far, modeE: true, dataBits: 7 } });
    await expect(seven).rejects.toMatchObject({ code: "bad-value" });
  });
});
