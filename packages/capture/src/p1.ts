import { Fault, type Json, toLatin1 } from "@dlmskit/core";
import { obisName } from "@dlmskit/cosem-objects";
import { crc16, type DataSet, decodeLine, logicalNameOf } from "@dlmskit/iec62056-21";
import type { Decoded } from "./item.ts";
import type { Source } from "./source.ts";
import type { TreeNode } from "./tree.ts";

/** Whether octets start like a P1 telegram (IEC 62056-21 mode D, DSMR): `/`, a manufacturer, a baud rate or version. */
export const isP1 = (octets: Uint8Array): boolean => /^\/[A-Za-z]{3}[0-9A-Za-z]/.test(toLatin1(octets.subarray(0, 6)));

const crcText = (octets: Uint8Array): string => crc16(octets).toString(16).toUpperCase().padStart(4, "0");

/** The data sets of a line; undefined for a line without data sets. */
function dataSetsOf(line: string): readonly DataSet[] | undefined {
  try {
    return decodeLine(line.trim());
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

/**
 * Decodes a P1 telegram line by line. The Fault of the result is `crc-mismatch` if the check value after the `!` is wrong,
 * `truncated` if there is no `!`.
 */
export function decodeP1(source: Source): Decoded {
  const text = toLatin1(source.octets);
  const nodes: TreeNode[] = [];
  const lines: Json[] = [];
  let identification = "";
  let fault: Fault | undefined;
  let ended = false;
  const node = (name: string, said: string, at: number, length: number): void => {
    const octets = source.octets.subarray(at, at + length);
    nodes.push({ name, text: said, offset: source.place(at), octets, children: [] });
  };
  let at = 0;
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\r$/, "");
    if (at === 0) {
      identification = line.slice(1);
      node("identification", identification, at, line.length);
    } else if (line.startsWith("!")) {
      ended = true;
      const given = line.slice(1).trim();
      const right = crcText(source.octets.subarray(0, at + 1));
      if (given !== "") {
        const isRight = given.toUpperCase() === right;
        node("crc", isRight ? given : `${given}, wrong, calculated ${right}`, at + 1, given.length);
        if (!isRight) {
          const message = `the CRC is wrong: ${given}, calculated ${right}`;
          fault = new Fault("crc-mismatch", message, { layer: "capture", offset: source.place(at + 1) });
        }
      }
    } else if (line.trim() !== "") {
      const dataSets = dataSetsOf(line);
      if (dataSets === undefined) {
        lines.push({ text: line });
        node("line", line, at, line.length);
      }
      for (const { address: reference, values } of dataSets ?? []) {
        const instanceId = logicalNameOf(reference);
        const name = instanceId === undefined ? undefined : obisName(instanceId);
        const said = values.map(({ value, unit }) => (unit === undefined ? value : `${value} ${unit}`)).join(", ");
        lines.push({
          reference,
          ...(instanceId === undefined ? {} : { instanceId }),
          ...(name === undefined ? {} : { name }),
          values: values as unknown as Json,
        });
        node(reference === "" ? "value" : reference, name === undefined ? said : `${said}  ${name}`, at, line.length);
      }
    }
    at += raw.length + 1;
  }
  if (!ended) {
    const offset = source.place(source.octets.length);
    fault = new Fault("truncated", "the telegram does not end with !", { layer: "capture", offset });
  }
  return {
    json: { layer: "p1", identification, lines, text },
    node: {
      name: "P1 telegram",
      text: identification,
      offset: source.place(0),
      octets: source.octets,
      children: nodes,
    },
    ...(fault === undefined ? {} : { fault }),
  };
}
