import { Data as DataCodec, type DataTree, fromData, treeOf } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { findClass, objectView } from "@dlmskit/cosem-objects";
import type { Command } from "commander";
import { io } from "../io.ts";
import { clockZone } from "../meter/clock-zone.ts";
import { lineOptions, type MeterOptions, meterOptions } from "../meter/meter-options.ts";
import { openMeter } from "../meter/open.ts";
import { plainValue } from "../meter/plain-value.ts";
import { namedOf, withClasses } from "../meter/references.ts";
import { jsonLines, jsonText } from "../output/json.ts";
import { Progress } from "../output/progress.ts";

/** Checks a value before it is sent. Fault `type-unmatched` if its attribute cannot have it. */
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

function fits(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (caught) {
    if (caught instanceof Fault) return false;
    throw caught;
  }
}

const isOfType = (classId: number, version: number | undefined, attributeId: number, data: DataTree): boolean =>
  fits(() => objectView(classId, version).valueOf(attributeId, data));

async function write(place: string, name: string, value: string, options: MeterOptions): Promise<void> {
  const named = namedOf(name);
  using progress = new Progress(options, "writing");
  await using session = await openMeter(place, options, progress);
  const [found] = await withClasses(session, [named]);
  if (found === undefined) return;
  const { classId, instanceId, id: attributeId = 2, version } = found;
  const reference = { classId, instanceId, attributeId };
  const data = await plainValue(value, {
    what: `attribute ${attributeId} of ${instanceId}`,
    zone: () => clockZone(session),
    takes: (one) => isOfType(classId, version, attributeId, one),
    currentType: async () => {
      const [result] = await session.get([reference]);
      return result !== undefined && "data" in result ? treeOf(result.data).type : undefined;
    },
  });
  checkType(classId, version, attributeId, data);
  await session.set(reference, data);
  progress.end();
  io().stdout.write(
    options.json
      ? `${jsonText({ written: reference, value: DataCodec.toJson(data) })}\n`
      : `written: ${instanceId}:${attributeId}\n`,
  );
}

async function invoke(place: string, name: string, value: string | undefined, options: MeterOptions): Promise<void> {
  const named = namedOf(name);
  using progress = new Progress(options, "invoking");
  await using session = await openMeter(place, options, progress);
  const [found] = await withClasses(session, [named]);
  if (found === undefined) return;
  const { classId, instanceId, id: methodId = 1, version } = found;
  const spec = findClass(classId, version);
  const method = spec && Object.values(spec.methods).find((one) => one.id === methodId);
  const data =
    value === undefined
      ? undefined
      : await plainValue(value, {
          what: `the parameter of method ${methodId} of ${instanceId}`,
          zone: () => clockZone(session),
          takes: (one) => method === undefined || fits(() => fromData(method.argument, one)),
          currentType: async () => undefined,
        });
  if (method !== undefined && data !== undefined) fromData(method.argument, data);
  const given = await session.invoke({ classId, instanceId, methodId }, data ?? { type: "integer", value: 0 });
  progress.end();
  const returned = given === undefined ? undefined : DataCodec.toJson(given);
  if (options.json) {
    const done = { classId, instanceId, methodId };
    io().stdout.write(`${jsonText({ invoked: done, ...(returned === undefined ? {} : { returned }) })}\n`);
  } else {
    io().stdout.write(`invoked: method ${methodId} of ${instanceId}\n`);
    if (returned !== undefined) io().stdout.write(`${jsonLines(returned)}\n`);
  }
}

/** `dlms write`: SET of one attribute. */
export function writeCommand(program: Command): void {
  const command = program
    .command("write")
    .description("writes an attribute; a plain value, or Data in the JSON form, checked against the attribute's type")
    .argument("<host[:port]>", "address of the meter")
    .argument("<attribute>", "LN[:ATTRIBUTE] or CLASS/LN[:ATTRIBUTE]; default: attribute 2")
    .argument("<value>", "900, true, now, 2026-11-23T06:30, text, hex:…, @file, or Data in the JSON form");
  lineOptions(meterOptions(command))
    .addHelpText(
      "after",
      `\nExamples:\n  dlms write 127.0.0.1:4059 1.0.0.8.0.255 900 --client 48 --auth hls --keys keys.json\n  dlms write 127.0.0.1:4059 0.0.1.0.0.255 now --client 48 --auth hls --keys keys.json\n  dlms write 127.0.0.1:4059 1.0.0.8.0.255 '{"type": "long-unsigned", "value": 900}' --client 48 --auth hls --keys keys.json`,
    )
    .action((place: string, name: string, value: string, options: MeterOptions) => write(place, name, value, options));
}

/** `dlms invoke`: ACTION of one method. */
export function invokeCommand(program: Command): void {
  const command = program
    .command("invoke")
    .description("invokes a method; the default parameter is integer 0")
    .argument("<host[:port]>", "address of the meter")
    .argument("<method>", "LN[:METHOD] or CLASS/LN[:METHOD]; default: method 1")
    .argument("[parameters]", "a plain value, or Data in the JSON form");
  lineOptions(meterOptions(command))
    .addHelpText(
      "after",
      "\nExample: dlms invoke 127.0.0.1:4059 0.0.96.3.10.255:1 --client 48 --auth hls --keys keys.json",
    )
    .action((place: string, name: string, value: string | undefined, options: MeterOptions) =>
      invoke(place, name, value, options),
    );
}
