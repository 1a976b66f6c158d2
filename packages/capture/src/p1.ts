import { Fault, type Json, toLatin1 } from "@dlmskit/core";
import { obisName } from "@dlmskit/cosem-objects";
import type { Decoded } from "./item.ts";
import type { Source } from "./source.ts";
import type { TreeNode } from "./tree.ts";

/** Whether octets start as a P1 telegram does (IEC 62056-21 mode D, DSMR): `/`, a manufacturer, a baud rate or version. */
export const isP1 = (octets: Uint8Array): boolean => /^\/[A-Za-z]{3}[0-9A-Za-z]/.test(toLatin1(octets.subarray(0, 6)));

/** CRC-16/ARC, as DSMR has it behind the `!`. */
function crc16(octets: Uint8Array): string {
  let crc = 0;
  for (const octet of octets) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc.toString(16).toUpperCase().padStart(4, "0");
}

interface Value {
  readonly value: string;
  readonly unit?: string;
}

/** `1-0:1.8.0(006545766*Wh)`: the reference and the values in brackets. */
function lineOf(text: string): { reference: string; values: Value[] } | undefined {
  const found = /^([^()\s]*)((?:\([^()]*\))+)$/.exec(text.trim());
  if (found === null) return undefined;
  const [, reference = "", rest = ""] = found;
  const values = [...rest.matchAll(/\(([^()]*)\)/g)].map(([, inside = ""]): Value => {
    const [, value, unit] = /^(.*)\*([^*]*)$/.exec(inside) ?? [];
    return value === undefined || unit === undefined ? { value: inside } : { value, unit };
  });
  return { reference, values };
}

/** `1-0:1.8.0` as a logical name; a missing last field is 255. */
function logicalNameOfReference(reference: string): string | undefined {
  const found = /^(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*.](\d{1,3}))?$/.exec(reference);
  return found === null ? undefined : [...found.slice(1, 6), found[6] ?? "255"].join(".");
}

/**
 * A P1 telegram by its lines. The Fault of the result is `crc-mismatch` where a check value behind the `!` is wrong,
 * `truncated` where there is no `!`.
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
      const right = crc16(source.octets.subarray(0, at + 1));
      if (given !== "") {
        const isRight = given.toUpperCase() === right;
        node("crc", isRight ? given : `${given}, wrong, calculated ${right}`, at + 1, given.length);
        if (!isRight) {
          const message = `the CRC is wrong: ${given}, calculated ${right}`;
          fault = new Fault("crc-mismatch", message, { layer: "capture", offset: source.place(at + 1) });
        }
      }
    } else if (line.trim() !== "") {
      const read = lineOf(line);
      if (read === undefined) {
        lines.push({ text: line });
        node("line", line, at, line.length);
      } else {
        const { reference, values } = read;
        const instanceId = logicalNameOfReference(reference);
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
