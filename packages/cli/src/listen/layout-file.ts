import { Data } from "@dlmskit/apdu";
import { Fault, type Json, logicalName } from "@dlmskit/core";
import { type PushLayout, type PushLayoutElement, PushSetup0, pushLayoutIn } from "@dlmskit/cosem-objects";
import { readText } from "../keys-file.ts";
import { readTemplate } from "../template-file.ts";

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

/** A line of `dlms read --json` that has the push_object_list of a Push setup. */
function listIn(given: unknown): PushLayout | undefined {
  const { classId, attributeId, value } = (given ?? {}) as { readonly [name: string]: unknown };
  if (classId !== PushSetup0.classId || attributeId !== 2) return undefined;
  const list = Data.fromJson(value as Json);
  return pushLayoutIn({ type: "structure", value: [list] });
}

/**
 * The layouts of a file: a JSON array of `{"classId", "instanceId", "attributeId", "dataIndex"?}`, which is one layout, or what
 * `dlms read --json` prints for attribute 2 of Push setups, one layout a line. Faults `no-such-file`, `bad-layout-file`.
 */
export function readLayouts(path: string): readonly PushLayout[] {
  const text = readText(path);
  if (text === undefined) throw new Fault("no-such-file", `the file ${path} cannot be read`, { layer: "cli" });
  try {
    if (text.trimStart().startsWith("[")) return [(JSON.parse(text) as unknown[]).map(elementOf)];
    const documents = text.split("\n").filter((line) => line.trim() !== "");
    const layouts = documents.map((line) => listIn(JSON.parse(line))).filter((one) => one !== undefined);
    if (layouts.length > 0) return layouts;
    throw new Fault("bad-layout-file", "there is no push_object_list in it", { layer: "cli" });
  } catch (cause) {
    throw new Fault("bad-layout-file", `${path} is not a push layout`, {
      layer: "cli",
      hint: 'give a JSON array such as [{"classId": 3, "instanceId": "1.0.1.8.0.255", "attributeId": 2}], or what dlms read --json prints for attribute 2 of a Push setup',
      cause,
    });
  }
}

/** The layouts of the Push setups of a meter template. Faults of `readTemplate`. */
export async function templateLayouts(name: string): Promise<readonly PushLayout[]> {
  const { objects } = await readTemplate(name);
  return objects().flatMap(({ spec, values }) =>
    spec.classId === PushSetup0.classId ? [(values as { readonly pushObjectList: PushLayout }).pushObjectList] : [],
  );
}
