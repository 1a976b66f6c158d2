import {
  type BaseBlock,
  BitString,
  Boolean as Bool,
  fromBER,
  Integer,
  ObjectIdentifier,
  OctetString,
  Sequence,
} from "asn1js";
import { AuthorityKeyIdentifier, BasicConstraints, Extension, ExtKeyUsage } from "pkijs";
import { toDer } from "./asn1.ts";

/** The bits of the extension keyUsage, in order. RFC 5280 4.2.1.3. */
const keyUsages = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;
export type KeyUsageName = (typeof keyUsages)[number];

export const serverAuth = "1.3.6.1.5.5.7.3.1";
export const clientAuth = "1.3.6.1.5.5.7.3.2";

const ids = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  crlNumber: "2.5.29.20",
  certificatePolicies: "2.5.29.32",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",
} as const;

/** The extensions that may be critical. Any other critical extension makes a certificate unusable. */
const understood: readonly string[] = Object.values(ids);

/** The contents of the extensions of a certificate. */
export interface ExtensionValues {
  readonly keyUsage: readonly KeyUsageName[];
  /** Object identifiers: TLS server 1.3.6.1.5.5.7.3.1, TLS client 1.3.6.1.5.5.7.3.2. */
  readonly extendedKeyUsage: readonly string[];
  /** Present for a certification authority. At most `pathLength` authorities may be below it. */
  readonly authority?: { readonly pathLength?: number };
  readonly subjectKeyIdentifier?: Uint8Array;
  readonly authorityKeyIdentifier?: Uint8Array;
  /** hwSerialNum of a hardwareModuleName in subjectAltName. Some profiles put the system title there. RFC 4108. */
  readonly hardwareSerial?: Uint8Array;
  /** Object identifiers of unknown critical extensions. */
  readonly unknownCritical: readonly string[];
}

function valueIn(extension: Extension | undefined): BaseBlock | undefined {
  if (extension === undefined) return undefined;
  const octets = extension.extnValue.valueBlock.valueHexView;
  const { offset, result } = fromBER(octets.slice());
  if (offset !== octets.length) throw new Error(`the extension ${extension.extnID} is not a single value`);
  return result as BaseBlock;
}

function isKind<T>(value: BaseBlock, kind: new (...given: never[]) => T, what: string): T & BaseBlock {
  if (value instanceof (kind as unknown as typeof BaseBlock)) return value as T & BaseBlock;
  throw new Error(`${what} has the wrong type`);
}

function usages(value: BaseBlock): KeyUsageName[] {
  const bits = isKind(value, BitString, "keyUsage").valueBlock.valueHexView;
  return keyUsages.filter((_, bit) => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

function authorityOf(value: BaseBlock): { pathLength?: number } | undefined {
  const { cA, pathLenConstraint: path } = new BasicConstraints({ schema: value });
  if (!cA) return undefined;
  if (path === undefined) return {};
  if (typeof path !== "number" || path < 0) throw new Error("the path length is not valid");
  return { pathLength: path };
}

const otherName = 0;
const hardwareModuleName = "1.3.6.1.5.5.7.8.4";

function children(value: BaseBlock | undefined): BaseBlock[] {
  const inner: unknown = (value?.valueBlock as { value?: unknown } | undefined)?.value;
  return Array.isArray(inner) ? inner : [];
}

/** otherName [0] { type-id, [0] HardwareModuleName { hwType, hwSerialNum } }. */
function hardwareSerial(value: BaseBlock): Uint8Array | undefined {
  for (const name of children(value)) {
    const [id, explicit] = children(name);
    if (name.idBlock.tagClass !== 3 || name.idBlock.tagNumber !== otherName) continue;
    if (!(id instanceof ObjectIdentifier) || id.valueBlock.toString() !== hardwareModuleName) continue;
    const serial = children(children(explicit)[0])[1];
    if (serial instanceof OctetString) return serial.valueBlock.valueHexView.slice();
  }
  return undefined;
}

/** Reads the extensions. Throws if one is malformed or present twice. */
export function readExtensions(extensions: readonly Extension[]): ExtensionValues {
  const byId = new Map(extensions.map((extension) => [extension.extnID, extension]));
  if (byId.size !== extensions.length) throw new Error("an extension appears twice");
  const use = <T>(id: string, read: (value: BaseBlock) => T): T | undefined => {
    const value = valueIn(byId.get(id));
    return value === undefined ? undefined : read(value);
  };
  const authority = use(ids.basicConstraints, authorityOf);
  const subject = use(ids.subjectKeyIdentifier, (value) => isKind(value, OctetString, "subjectKeyIdentifier"));
  const issuer = use(ids.authorityKeyIdentifier, (value) => new AuthorityKeyIdentifier({ schema: value }));
  const issuerKey = issuer?.keyIdentifier?.valueBlock.valueHexView.slice();
  const serial = use(ids.subjectAltName, hardwareSerial);
  return {
    keyUsage: use(ids.keyUsage, usages) ?? [],
    extendedKeyUsage: use(ids.extKeyUsage, (value) => new ExtKeyUsage({ schema: value }).keyPurposes) ?? [],
    ...(authority && { authority }),
    ...(subject && { subjectKeyIdentifier: subject.valueBlock.valueHexView.slice() }),
    ...(issuerKey && { authorityKeyIdentifier: issuerKey }),
    ...(serial && { hardwareSerial: serial }),
    unknownCritical: extensions
      .filter(({ critical, extnID }) => critical && !understood.includes(extnID))
      .map(({ extnID }) => extnID),
  };
}

function extension(id: string, critical: boolean, value: Uint8Array): Extension {
  return new Extension({ extnID: id, critical, extnValue: value.slice().buffer as ArrayBuffer });
}

function usageBits(names: readonly KeyUsageName[]): Uint8Array {
  let octet = 0;
  // All bits that are written are in the first octet. DER omits trailing zero bits.
  for (const name of names) octet |= 0x80 >> keyUsages.indexOf(name);
  const unusedBits = 31 - Math.clz32(octet & -octet);
  return toDer(new BitString({ valueHex: Uint8Array.of(octet).buffer, unusedBits }));
}

/** The extensions of a new certificate. */
export function writeExtensions(values: {
  readonly keyUsage: readonly KeyUsageName[];
  readonly extendedKeyUsage: readonly string[];
  readonly authority?: { readonly pathLength?: number };
  readonly subjectKeyIdentifier: Uint8Array;
  readonly authorityKeyIdentifier: Uint8Array;
}): Extension[] {
  const { authority, extendedKeyUsage } = values;
  const extensions: Extension[] = [];
  if (authority !== undefined) {
    const { pathLength } = authority;
    const length = pathLength === undefined ? [] : [new Integer({ value: pathLength })];
    extensions.push(
      extension(ids.basicConstraints, true, toDer(new Sequence({ value: [new Bool({ value: true }), ...length] }))),
    );
  }
  extensions.push(extension(ids.keyUsage, true, usageBits(values.keyUsage)));
  if (extendedKeyUsage.length > 0) {
    const purposes = new ExtKeyUsage({ keyPurposes: [...extendedKeyUsage] });
    extensions.push(extension(ids.extKeyUsage, false, toDer(purposes.toSchema())));
  }
  const subject = new OctetString({ valueHex: values.subjectKeyIdentifier.slice().buffer as ArrayBuffer });
  extensions.push(extension(ids.subjectKeyIdentifier, false, toDer(subject)));
  return [...extensions, keyIdentifierOf(values.authorityKeyIdentifier)];
}

/** authorityKeyIdentifier: identifies the key that signed. */
export function keyIdentifierOf(issuer: Uint8Array): Extension {
  const valueHex = issuer.slice().buffer as ArrayBuffer;
  const identifier = new AuthorityKeyIdentifier({ keyIdentifier: new OctetString({ valueHex }) });
  return extension(ids.authorityKeyIdentifier, false, toDer(identifier.toSchema()));
}

/** cRLNumber. */
export function listNumberOf(number: number): Extension {
  return extension(ids.crlNumber, false, toDer(new Integer({ value: number })));
}
