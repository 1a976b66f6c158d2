// Rows of communication_ports for lines other than plain HDLC: modems and customer interfaces.
import { connect, readout } from "@dlmskit/client";
import { Primary } from "@dlmskit/hdlc";
import { TelegramClient } from "@dlmskit/iec62056-21";
import { type CommunicationPort, MemoryState, openMemoryStore } from "@dlmskit/storage";
import type { Duplex } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { serialOpen } from "@dlmskit/transport/serial";
import { afterEach, describe, expect, it } from "vitest";
import { noPty, type PtyPair, ptyPair } from "../../../test/pty-pair.ts";
import { ringingModem } from "../../transport/test/ringing-modem.ts";
import { createSimulator, type Simulator } from "../src/index.ts";
import { lineOfRow } from "../src/simulate/serial-line.ts";

const row = (settings: Partial<CommunicationPort>): CommunicationPort => ({
  ...{ portType: "SERIAL", portNumber: 1, baudRate: 9600, dataBits: 8, stopBits: 1, parity: "NONE" },
  ...settings,
});

it.each<[string, Partial<CommunicationPort>, object]>([
  ["an optical head", { baudRate: 300, dataBits: 7, parity: "EVEN" }, { baudRate: 300, modeE: true }],
  ["a slow customer interface", { dataBits: 7, parity: "EVEN" }, { baudRate: 9600, telegram: 10_000 }],
  [
    "a fast customer interface",
    { baudRate: 115_200, flowControl: "RTS_CTS" },
    { baudRate: 115_200, dataBits: 8, stopBits: 1, parity: "none", telegram: 1000 },
  ],
  [
    "a modem",
    { flowControl: "RTS_CTS" },
    { baudRate: 9600, dataBits: 8, stopBits: 1, parity: "none", flowControl: "rts-cts", modem: "ring" },
  ],
  [
    "HDLC",
    { baudRate: 115_200, stopBits: 2, parity: "ODD", flowControl: "XON_XOFF" },
    { baudRate: 115_200, dataBits: 8, stopBits: 2, parity: "odd", flowControl: "xon-xoff" },
  ],
])("a row of %s", (_, settings, line) => {
  expect(lineOfRow(row(settings), "/dev/x")).toEqual({ path: "/dev/x", ...line });
});

const open: (Simulator | PtyPair)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
/** `before` is run on the near end before the far one sends anything: who opens it late waits for the next telegram. */
async function served<T = undefined>(settings: Partial<CommunicationPort>, before?: (near: string) => Promise<T>) {
  const store = await openMemoryStore();
  await store.communicationPorts.addAll([row(settings)]);
  const pair = await ptyPair();
  const done = await before?.(pair.near);
  const run = await createSimulator({ seed: "rows", store });
  open.push(run, pair);
  await run.listen({ serialPath: () => pair.far });
  return { run, near: pair.near, done: done as T };
}

describe.skipIf(noPty !== undefined)("a row on a pseudo-terminal", () => {
  it("of a modem that rings: the meter answers, is read, and answers again", async () => {
    const { run, near } = await served({ flowControl: "RTS_CTS" });
    const modem = ringingModem(await serialOpen(near));
    for (let time = 1; time <= 2; time++) {
      await expect
        .poll(() => modem.commands.filter((said) => said === "ATS0=0").length, { timeout: 20_000 })
        .toBe(time);
      const duplex = (await modem.call(50)) as Duplex;
      const link = new Primary({ client: 16, server: { upper: 1 }, timeout: 5000 });
      const session = await connect({ duplex, link }, { clock: systemClock, timeout: 20_000 });
      const { value } = (await session.get({ classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 })) as {
        value: Uint8Array;
      };
      expect(String.fromCharCode(...value)).toBe(run.meter(0).name);
      await session.release();
    }
  });

  it.each([
    ["before DSMR 4, with 7E1", { dataBits: 7, parity: "EVEN" }, true],
    ["from DSMR 4 on", { baudRate: 115_200, flowControl: "RTS_CTS" }, false],
  ] as const)("of a customer interface %s: telegrams", async (_, settings, parity) => {
    const { run, done: duplex } = await served(settings, (near) => serialOpen(near, { baudRate: 9600 }));
    const link = new TelegramClient({ parity, timeout: 30_000 });
    const read = await readout({ duplex, link }, { clock: systemClock, deadline: 30_000 });
    expect(read.dataSets).toContainEqual({ address: "0-0:42.0.0*255", values: [{ value: run.meter(0).name }] });
  });

  it("that is changed while the simulator runs opens the line with the new settings", async () => {
    const state = new MemoryState();
    const store = await openMemoryStore({}, state);
    const editor = await openMemoryStore({}, state);
    const id = await store.communicationPorts.add(row({}));
    const pair = await ptyPair();
    const events: string[] = [];
    const run = await createSimulator({ seed: "rows", store, events: ({ type }) => void events.push(type) });
    open.push(run, pair);
    await run.listen({ serialPath: () => pair.far });
    const duplex = await serialOpen(pair.near, { baudRate: 9600 });
    await editor.communicationPorts.replace(id, row({ dataBits: 7, parity: "EVEN" }));
    await expect.poll(() => events, { timeout: 20_000 }).toContain("rows-changed");
    const read = await readout(
      { duplex, link: new TelegramClient({ parity: true, timeout: 30_000 }) },
      { clock: systemClock },
    );
    expect(read.mode).toBe("D");
  });
});
