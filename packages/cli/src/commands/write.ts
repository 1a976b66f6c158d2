import { Data as DataCodec, type DataTree, fromData } from "@dlmskit/apdu";
import { Fault, type Json } from "@dlmskit/core";
import { findClass, objectView } from "@dlmskit/cosem-objects";
import type { Command } from "commander";
import { type MeterOptions, meterOptions } from "../meter/meter-options.ts";
import { openMeter } from "../meter/open.ts";
import { namedOf, withClasses } from "../meter/references.ts";

/** The Data of the JSON form on the command line. Faults `bad-json`, `out-of-range` … */
function dataOf(text: string): DataTree {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (cause) {
    throw new Fault("bad-json", "the value is not JSON", {
      layer: "cli",
      hint: '{"type": "double-long-unsigned", "value": 42}',
      cause,
    });
  }
  return DataCodec.fromJson(json) as DataTree;
}

/** Fault `type-unmatched` before anything is sent, for a value that its attribute cannot have. */
function checkType(classId: number, version: number | undefined, attributeId: number, data: DataTree): void {
  try {
    objectView(classId, version).valueOf(attributeId, data);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new Fault(
      "type-unmatched",
      `attribute ${attributeId} of class ${classId} cannot be ${data.type}: ${cause.message}`,
      {
        layer: "cli",
        cause,
      },
    );
  }
}

async function write(place: string, name: string, value: string, options: MeterOptions): Promise<void> {
  const named = namedOf(name);
  const data = dataOf(value);
  await using session = await openMeter(place, options);
  const [found] = await withClasses(session, [named]);
  if (found === undefined) return;
  const { classId, instanceId, id: attributeId = 2, version } = found;
  checkType(classId, version, attributeId, data);
  await session.set({ classId, instanceId, attributeId }, data);
  const done = { classId, instanceId, attributeId };
  process.stdout.write(
    options.json ? `${JSON.stringify({ written: done })}\n` : `written: ${instanceId}:${attributeId}\n`,
  );
}

async function invoke(place: string, name: string, value: string | undefined, options: MeterOptions): Promise<void> {
  const named = namedOf(name);
  const data = value === undefined ? undefined : dataOf(value);
  await using session = await openMeter(place, options);
  const [found] = await withClasses(session, [named]);
  if (found === undefined) return;
  const { classId, instanceId, id: methodId = 1, version } = found;
  const spec = findClass(classId, version);
  const method = spec && Object.values(spec.methods).find((one) => one.id === methodId);
  if (method !== undefined && data !== undefined) fromData(method.argument, data);
  const given = await session.invoke({ classId, instanceId, methodId }, data ?? { type: "integer", value: 0 });
  const returned = given === undefined ? undefined : DataCodec.toJson(given);
  if (options.json) {
    const done = { classId, instanceId, methodId };
    process.stdout.write(`${JSON.stringify({ invoked: done, ...(returned === undefined ? {} : { returned }) })}\n`);
  } else {
    process.stdout.write(`invoked: method ${methodId} of ${instanceId}\n`);
    if (returned !== undefined) process.stdout.write(`${JSON.stringify(returned, undefined, 2)}\n`);
  }
}

/** `dlms write`: SET of one attribute. */
export function writeCommand(program: Command): void {
  const command = program
    .command("write")
    .description("writes an attribute; the value in the JSON form, checked against the attribute's type")
    .argument("<host[:port]>", "where the meter is")
    .argument("<attribute>", "LN[:ATTRIBUTE] or CLASS/LN[:ATTRIBUTE]; attribute 2 unless told otherwise")
    .argument("<value>", "Data in the JSON form");
  meterOptions(command)
    .addHelpText(
      "after",
      `\nExample: dlms write 127.0.0.1:4059 1.0.0.8.0.255 '{"type": "long-unsigned", "value": 900}' --client 48 --auth hls --keys keys.json`,
    )
    .action((place: string, name: string, value: string, options: MeterOptions) => write(place, name, value, options));
}

/** `dlms invoke`: ACTION of one method. */
export function invokeCommand(program: Command): void {
  const command = program
    .command("invoke")
    .description("invokes a method; the parameters in the JSON form, integer 0 unless given")
    .argument("<host[:port]>", "where the meter is")
    .argument("<method>", "LN[:METHOD] or CLASS/LN[:METHOD]; method 1 unless told otherwise")
    .argument("[parameters]", "Data in the JSON form");
  meterOptions(command)
    .addHelpText(
      "after",
      "\nExample: dlms invoke 127.0.0.1:4059 0.0.96.3.10.255:1 --client 48 --auth hls --keys keys.json",
    )
    .action((place: string, name: string, value: string | undefined, options: MeterOptions) =>
      invoke(place, name, value, options),
    );
}
