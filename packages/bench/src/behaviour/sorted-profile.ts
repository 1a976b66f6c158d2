import { T } from "@dlmskit/apdu";
import { profileGeneric, register, SortMethod } from "@dlmskit/cosem-objects";
import { Meter, meterTemplate, none, Server, SimulatedTime } from "@dlmskit/server";
import { openMemoryStore } from "@dlmskit/storage";
import { VirtualClock } from "@dlmskit/transport";

const captures = 40;

/**
 * A capture into a full buffer that is sorted by a value: one row that is kept, and one row that is dropped. In memory, and with a store in
 * memory.
 */
export async function sortedProfileFigures(print: (text: string) => void): Promise<void> {
  for (const kept of [false, true]) {
    for (const rows of kept ? [100, 1000] : [100, 1000, 10_000]) {
      const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
      const largest = profileGeneric("1.0.98.133.6.255", {
        ...{ capture: [energy], entries: rows, sortMethod: SortMethod.largest, sortBy: energy },
      });
      const template = meterTemplate({
        objects: [energy, largest],
        associations: { public: { client: 16, security: none(), access: "read" } },
      });
      const meter = new Meter(template, { name: "BEN1" });
      const clock = new VirtualClock();
      const store = kept ? { store: await openMemoryStore() } : {};
      using server = new Server({
        meters: meter,
        clock,
        time: new SimulatedTime({ source: () => 0, start: 0 }),
        ...store,
      });
      const leave = meter.use();
      await meter.enter(undefined);
      const capture = async (value: number): Promise<void> => {
        await meter.change((device) => {
          device.set(energy, "value", value);
          return device.invoke(largest, 2, { type: "integer", value: 0 });
        });
      };
      // The values decrease, so each row is sorted behind the previous row.
      for (let at = 0; at < rows; at++) await capture(2 * (rows - at) + 100);
      const timed = async (value: number): Promise<number> => {
        const began = performance.now();
        for (let at = 0; at < captures; at++) await capture(value);
        return ((performance.now() - began) / captures) * 1000;
      };
      const [out, inside] = [await timed(1), await timed(rows + 101)];
      const where = kept ? "with a store in memory" : "in memory";
      print(
        `sorted profile of ${rows} rows, ${where}: ${inside.toFixed(0)} µs a capture that is kept, ${out.toFixed(0)} µs one that falls out`,
      );
      leave();
      if (server.connections > 0) print("somebody is connected");
    }
  }
}
