import { once } from "node:events";
import { createServer } from "node:net";
import type { ServerEvent } from "@dlmskit/server";
import { MemoryState, openMemoryStore, type Store } from "@dlmskit/storage";
import { tcpConnect } from "@dlmskit/transport/node";
import { expect, it } from "vitest";
import { bottled } from "./bottle.ts";

/** Lets all that is under way come to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function begun(changed: (store: Store) => Store = (store) => store) {
  const state = new MemoryState();
  const events: ServerEvent[] = [];
  const store = changed(await openMemoryStore({}, state));
  const bottle = await bottled({ store, events: (event) => void events.push(event) });
  const editor = await openMemoryStore({}, state);
  const told = (): string[] =>
    events.splice(0).flatMap((event) => (/^(rows|hook|store)-/.test(event.type) ? [event.type] : []));
  return { ...bottle, editor, events, told };
}

it("a row whose port is in use is tried again, is told once, and holds when the port is free", async () => {
  const { simulator, clock, editor, events, told } = await begun();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  for (const { id } of await editor.communicationPorts.list()) await editor.communicationPorts.remove(id);
  await editor.communicationPorts.add({ portType: "TCP", portNumber: 0 });
  await settle();
  await using listening = await simulator.listen();
  events.length = 0;
  await editor.communicationPorts.add({ portType: "TCP", portNumber: port });
  await expect.poll(() => events.some(({ type }) => type === "rows-refused"), { timeout: 10_000 }).toBe(true);
  await settle();
  expect(told()).toEqual(["rows-refused", "rows-changed"]);
  for (let time = 0; time < 3; time++) {
    clock.advance(2000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await settle();
  }
  expect(told()).toEqual([]);
  other.close();
  await once(other, "close");
  clock.advance(2000);
  await expect.poll(() => listening.ports.map((one) => one.port), { timeout: 10_000 }).toContain(port);
  await settle();
  expect(told()).toEqual(["rows-changed"]);
  (await tcpConnect("127.0.0.1", port)).destroy();
  await simulator.close();
  expect(clock.waiting).toBe(0);
});

it("an error of the program while rows are applied is told once, and not as one of the store", async () => {
  let broken = false;
  const breaking = (store: Store): Store =>
    new Proxy(store, {
      get(target, key) {
        const value = Reflect.get(target, key);
        if (key === "loadProfileTemplates" && broken) return { list: () => Promise.reject(new TypeError("mistake")) };
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const { clock, editor, told } = await begun(breaking);
  const [row] = await editor.loadProfileTemplates.list();
  const { id, createdAt: _, ...rest } = row as NonNullable<typeof row>;
  await settle();
  told();
  broken = true;
  await editor.loadProfileTemplates.replace(id, { ...rest, peakLoad: rest.peakLoad * 2 });
  for (let second = 0; second < 5; second++) {
    await settle();
    clock.advance(1000);
  }
  expect(told()).toEqual(["hook-failed"]);
  broken = false;
  await editor.loadProfileTemplates.replace(id, { ...rest, peakLoad: rest.peakLoad * 3 });
  await settle();
  expect(told()).toEqual(["rows-changed"]);
});

it("rows that change while the simulator starts are applied", async () => {
  const state = new MemoryState();
  const editor = await openMemoryStore({}, state);
  const store = await openMemoryStore({}, state);
  // Called after the rows were read.
  const { putIfAbsent } = store.fleets;
  store.fleets.putIfAbsent = async (fleet) => {
    await editor.communicationPorts.add({ portType: "UDP", portNumber: 4061 });
    return putIfAbsent.call(store.fleets, fleet);
  };
  const events: ServerEvent[] = [];
  const { simulator } = await bottled({ store, events: (event) => void events.push(event) });
  await settle();
  expect(events).toMatchObject([{ type: "rows-changed", table: "communication_ports" }]);
  await simulator.close();
});

it("a simulator that does not start follows no rows", async () => {
  const store = await openMemoryStore();
  let listening = 0;
  const { onChange } = store;
  const watched: Store = {
    ...store,
    onChange(listener) {
      listening++;
      const stop = onChange(listener);
      return () => {
        listening--;
        stop();
      };
    },
  };
  await expect(bottled({ store: watched, template: "nothing" })).rejects.toMatchObject({ code: "unknown-template" });
  expect(listening).toBe(0);
});
