import { type DataLike, dataOf, encodeData, T } from "@dlmskit/apdu";
import { dateTimeOf } from "@dlmskit/core";
import { captureObject, clock, profileGeneric, RangeDescriptor, register } from "@dlmskit/cosem-objects";
import { Meter, meterTemplate, none, Server, SimulatedTime } from "@dlmskit/server";
import { VirtualClock } from "@dlmskit/transport";
import { held } from "../held.ts";

const start = Date.UTC(2026, 0, 1);
const quarter = 15 * 60_000;
const rows = 100_000;
const wanted = 96;
const reads = 200;

/** A profile of 100,000 captured rows (clock, three registers): its memory, and the time to read a range of 96 rows in the middle. */
export async function profileFigures(print: (text: string) => void): Promise<void> {
  const time = clock();
  const registers = [1, 2, 3].map((at) =>
    register(
      `1.0.${at}.8.0.255`,
      { type: T.doubleLongUnsigned, value: 0, unit: "Wh" },
      { read: { value: (_, { now }) => (now / 1000) >>> 0 } },
    ),
  );
  const load = profileGeneric("1.0.99.1.0.255", { capture: [time, ...registers], entries: rows, period: 900 });
  const template = meterTemplate({
    objects: [time, ...registers, load],
    associations: { public: { client: 16, security: none(), access: "read" } },
  });
  const machine = new VirtualClock();
  const meter = new Meter(template, { name: "BEN1" });
  const simulated = new SimulatedTime({ source: () => machine.now(), start });
  using server = new Server({ meters: meter, clock: machine, time: simulated });
  const before = await held();
  const began = performance.now();
  for (let day = 0; day * 96 < rows; day++) machine.advance(96 * quarter);
  machine.advance(1);
  const captured = performance.now() - began;
  const memory = (await held()) - before;
  const middle = start + (rows / 2) * quarter;
  const bound = (instant: number) => ({ type: "date-time" as const, value: dateTimeOf(instant) });
  const parameters = dataOf(RangeDescriptor, {
    ...{ restrictingObject: captureObject(time), selectedValues: [] },
    ...{ from: bound(middle), to: bound(middle + (wanted - 1) * quarter) },
  });
  const buffer = { classId: 7, instanceId: load.instance, attributeId: 2 };
  let octets = 0;
  const read = async (): Promise<number> => {
    const since = performance.now();
    for (let at = 0; at < reads; at++) {
      const data = (await meter.change((device) => device.get(buffer, { selector: 1, parameters }))) as DataLike;
      octets = encodeData(data).length;
    }
    return ((performance.now() - since) / reads) * 1000;
  };
  const times: number[] = [];
  for (let round = 0; round < 15; round++) times.push(await read());
  const perRow = octets / wanted;
  print(
    `profile of ${rows} rows of ${Math.round(perRow)} octets: ${(memory / rows).toFixed(0)} octets a row in memory`,
  );
  print(`captured in ${(rows / captured).toFixed(0)} rows/ms`);
  print(
    `range of ${wanted} rows in the middle: ${times.toSorted((one, other) => one - other)[7]?.toFixed(0)} µs, ${octets} octets`,
  );
  if (server.connections > 0) print("somebody is connected");
}
