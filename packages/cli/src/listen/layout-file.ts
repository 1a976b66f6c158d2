import { Fault, logicalName } from "@dlmskit/core";
import type { PushLayout, PushLayoutElement } from "@dlmskit/cosem-objects";
import { readText } from "../keys-file.ts";

const isNumber = (value: unknown, low: number, high: number): value is number =>
  Number.isInteger(value) && (value as number) >= low && (value as number) <= high;

function elementOf(given: unknown): PushLayoutElement {
  const { classId, instanceId, attributeId, dataIndex = 0, ...rest } = given as { readonly [name: string]: unknown };
  const fits = isNumber(classId, 0, 0xffff) && isNumber(attributeId, -128, 127) && isNumber(dataIndex, 0, 0xffff);
  if (!fits || typeof instanceId !== "string" || Object.keys(rest).length > 0) {
    throw new Fault("bad-layout-file", "an object with classId, instanceId, attributeId and optionally dataIndex", {
      layer: "cli",
    });
  }
  return { classId, instanceId: logicalName(instanceId), attributeId, dataIndex };
}

/**
 * The contents of a push, in order: a JSON array of `{"classId", "instanceId", "attributeId", "dataIndex"?}`, like attribute 2 of a Push setup.
 * Faults `no-such-file`, `bad-layout-file`.
 */
export function readLayout(path: string): PushLayout {
  const text = readText(path);
  if (text === undefined) throw new Fault("no-such-file", `the file ${path} cannot be read`, { layer: "cli" });
  try {
    return (JSON.parse(text) as unknown[]).map(elementOf);
  } catch (cause) {
    throw new Fault("bad-layout-file", `${path} is not a push layout`, {
      layer: "cli",
      hint: 'give a JSON array such as [{"classId": 3, "instanceId": "1.0.1.8.0.255", "attributeId": 2}]',
      cause,
    });
  }
}
