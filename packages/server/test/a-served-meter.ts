import { type Data, T, treeOf } from "@dlmskit/apdu";
import { type AnyObject, type Context, register, scriptTable } from "@dlmskit/cosem-objects";
import type { Store } from "@dlmskit/storage";
import { VirtualClock } from "@dlmskit/transport";
import { Meter, meterTemplate, none, Server, type ServerEvent, SimulatedTime } from "../src/index.ts";

const associations = { open: { client: 16, security: none(), access: "full" as const } };

/** Objects of a meter that is served in virtual time. */
export async function served(
  objects: readonly AnyObject[],
  { from, store }: { readonly from: number; readonly store?: Store | undefined },
) {
  const events: ServerEvent[] = [];
  const meter = new Meter(meterTemplate({ objects, associations }), { name: "ABC1" });
  const machine = new VirtualClock();
  const server = new Server({
    meters: meter,
    clock: machine,
    time: new SimulatedTime({ source: () => machine.now(), start: from }),
    ...(store === undefined ? {} : { store }),
    events: (event) => void events.push(event),
  });
  const leave = meter.use();
  await meter.enter(undefined);
  await meter.reside();
  const attribute = ({ spec, instance }: AnyObject, attributeId: number) => ({
    classId: spec.classId as number,
    instanceId: instance,
    attributeId,
  });
  return {
    meter,
    events,
    async go(seconds: number) {
      await machine.advanceAsync(seconds * 1000);
      await meter.settled();
    },
    set: async (object: AnyObject, attributeId: number, value: Data) =>
      meter.set(attribute(object, attributeId), value),
    /** What stands in the Data of an attribute. */
    async get(object: AnyObject, attributeId: number): Promise<unknown> {
      const data = treeOf(await meter.get(attribute(object, attributeId)));
      return "value" in data ? data.value : undefined;
    },
    async close() {
      leave();
      await server.close();
    },
  };
}

export const start = Date.UTC(2026, 4, 4, 10);
export const second = 1000;
/** The logical name of the table that notes what is run. */
export const table = "0.0.10.0.106.255";
export const script = (scriptSelector: number) => ({ scriptLogicalName: table, scriptSelector });
export const u32 = (value: number): Data => ({ type: "double-long-unsigned", value });
export const power = () => register("1.0.1.7.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "W" });

/** The objects of a meter that is served; which scripts ran, when (s since the start), and by whom. */
export async function noted(objects: readonly AnyObject[], store?: Store, from = start) {
  const ran: string[] = [];
  const note = (id: number, { elapsed, by }: Context): void => {
    ran.push(`${(elapsed - start) / second}: ${id} by ${"self" in by ? by.self : by.association}`);
  };
  const scripts = scriptTable(table, [], {}, { invoke: { execute: (_, id, context) => note(id, context) } });
  const life = await served([...objects, scripts], { from, store });
  /** What ran since it was asked last. */
  return { ...life, ran: () => ran.splice(0) };
}
