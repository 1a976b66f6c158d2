import { type Data, treeOf } from "@dlmskit/apdu";
import type { DiscoveredObject, Session } from "@dlmskit/client";
import { toHex } from "@dlmskit/core";
import type { AttributeForm } from "../templates/data/form.ts";

const secrets =
  /password|secret|pinCode|key|certificate|systemTitle|userName|identificationNumber|serialNumber|caller|phone|destination|address|panId|meterPan|dodagId|cellInfo|adjacentCells|activeInitiator|reportingSystem/i;
/** Addresses on a bus or a serial line, which are the same in many meters, and how addresses are configured. */
const usualAddresses = /^(?:(?:device|bus|primary|secondary)Address(?:List)?|addressMask|addressConfigMode)$/;

/** Whether an attribute of a class, by its name, contains a secret, or the identity, an address or the location of a meter. */
export const isSecret = (attribute: string): boolean => secrets.test(attribute) && !usualAddresses.test(attribute);

const logicalDeviceName = "0.0.42.0.0.255";
const deviceIds = /^0\.\d+\.96\.1\.\d+\.255$/;
const serialNumber = "0.0.96.1.0.255";
/** Shorter texts occur in too many other values by chance. */
const shortest = 5;
const mostShort = 0xffff;
const zero = 0x30;

type Named = Pick<DiscoveredObject, "classId"> & { readonly instanceId: string };

/** Whether the value of an object is a name of the meter. */
export const isName = ({ classId, instanceId }: Named): boolean =>
  classId === 1 && (instanceId === logicalDeviceName || deviceIds.test(instanceId));

/** Removes the names of a meter from values. */
export class Anonymous {
  /** Octets of names, in hex. */
  readonly #names: readonly string[];

  private constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Reads the names of a meter. */
  static async of(session: Pick<Session, "get">, objects: readonly DiscoveredObject[]): Promise<Anonymous> {
    const values: Data[] = [];
    for (const { classId, instanceId } of objects.filter(isName)) {
      const [result] = await session.get([{ classId, instanceId, attributeId: 2 }]);
      if (result !== undefined && !("error" in result)) values.push(treeOf(result.data));
    }
    return Anonymous.named(values);
  }

  /** `values`: the names of the meter. */
  static named(values: readonly Data[]): Anonymous {
    const names = values.flatMap((value) => {
      const hex = octetsOf(value);
      // A text without a digit is the name of a manufacturer or of a meter type.
      return hex !== undefined && hex.length >= 2 * shortest && /3[0-9]/.test(hex) ? [hex] : [];
    });
    return new Anonymous(names.sort((one, other) => other.length - one.length));
  }

  /** The value, with each digit of a name replaced by zero. A name that is a number above 65,535 becomes 0: a year is no name. */
  without(data: Data, object: Named): Data {
    if (isName(object) && "value" in data) {
      const { value } = data;
      if (typeof value === "number" && value > mostShort) return { type: data.type, value: 0 } as Data;
      if (typeof value === "bigint" && value > mostShort) return { type: data.type, value: 0n } as Data;
    }
    return this.#without(data);
  }

  #without(data: Data): Data {
    if (data.type === "array" || data.type === "structure") {
      return { type: data.type, value: data.value.map((one) => this.#without(treeOf(one))) } as Data;
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
