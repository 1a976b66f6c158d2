import { type Data, treeOf } from "@dlmskit/apdu";
import type { DiscoveredObject, Session } from "@dlmskit/client";
import { toHex } from "@dlmskit/core";
import type { AttributeForm } from "../templates/data/form.ts";

const secrets =
  /password|secret|pin|key|certificate|systemTitle|userName|macAddress|ipAddress|identificationNumber|callerId/i;

/** Whether an attribute of a class, by its name, contains a secret, or the identity or location of a meter. */
export const isSecret = (attribute: string): boolean => secrets.test(attribute);

const logicalDeviceName = "0.0.42.0.0.255";
const deviceIds = /^0\.\d+\.96\.1\.\d+\.255$/;
const serialNumber = "0.0.96.1.0.255";
/** Shorter texts occur in too many other values by chance. */
const shortest = 5;
const zero = 0x30;

/** Removes the names of a meter from values. */
export class Anonymous {
  /** Octets of names, in hex. */
  readonly #names: readonly string[];

  private constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Reads the names of a meter. */
  static async of(session: Pick<Session, "get">, objects: readonly DiscoveredObject[]): Promise<Anonymous> {
    const named = objects.filter(
      ({ classId, instanceId }) => classId === 1 && (instanceId === logicalDeviceName || deviceIds.test(instanceId)),
    );
    const names: string[] = [];
    for (const { classId, instanceId } of named) {
      const [result] = await session.get([{ classId, instanceId, attributeId: 2 }]);
      if (result === undefined || "error" in result) continue;
      const hex = octetsOf(treeOf(result.data));
      // A text without a digit is the name of a manufacturer or of a meter type.
      if (hex !== undefined && hex.length >= 2 * shortest && /3[0-9]/.test(hex)) names.push(hex);
    }
    return new Anonymous(names.sort((one, other) => other.length - one.length));
  }

  /** The value, with each digit of a name replaced by zero. */
  without(data: Data, object: DiscoveredObject): Data {
    if (data.type === "array" || data.type === "structure") {
      return { type: data.type, value: data.value.map((one) => this.without(treeOf(one), object)) } as Data;
    }
    const hex = octetsOf(data);
    if (hex === undefined) return data;
    const clean = this.#names.reduce((text, name) => text.split(name).join(zeros(name)), hex);
    return clean === hex ? data : withOctets(data, clean);
  }

  /** The copy has its own serial number. */
  follow({ instanceId }: DiscoveredObject, attributes: { [id: string]: AttributeForm }): void {
    const value = attributes["2"];
    if (instanceId !== serialNumber || value?.value === undefined) return;
    attributes["2"] = { ...value, follows: serialNumber };
  }
}

function octetsOf(data: Data): string | undefined {
  if (data.type === "octet-string") return toHex(data.value);
  if (data.type === "visible-string" || data.type === "utf8-string") return toHex(new TextEncoder().encode(data.value));
  return undefined;
}

/** `0` in ASCII for each octet. */
const zeros = (hex: string): string => zero.toString(16).repeat(hex.length / 2);

function withOctets(data: Data, hex: string): Data {
  const octets = Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
  if (data.type === "octet-string") return { type: "octet-string", value: octets };
  return { type: data.type, value: String.fromCharCode(...octets) } as Data;
}
