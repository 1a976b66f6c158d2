import { toHex } from "@dlmskit/core";
import {
  type Certificate,
  describeCertificate,
  fromPem,
  type PemBlock,
  parseCertificate,
  parseCertificateRequest,
  parsePrivateKey,
  parseRevocationList,
} from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import { visible } from "../output/visible.ts";
import { missing } from "./options.ts";

/** One object of a file: as a JSON document, and as lines of text. */
export interface Shown {
  readonly kind: "certificate" | "request" | "revocationList" | "privateKey";
  readonly fields: {
    readonly [name: string]: string | boolean | readonly string[] | readonly { [name: string]: string }[];
  };
}

export const iso = (instant: number): string => new Date(instant).toISOString().replace(".000", "");

/** A certificate, instants as ISO 8601. */
export function certificateFields(certificate: Certificate): Shown["fields"] {
  const described = describeCertificate(certificate);
  return { ...described, notBefore: iso(described.notBefore), notAfter: iso(described.notAfter) };
}

function shownOf({ label, der }: PemBlock): Shown {
  switch (label) {
    case "CERTIFICATE":
      return { kind: "certificate", fields: certificateFields(parseCertificate(der)) };
    case "CERTIFICATE REQUEST": {
      const { subjectName, systemTitle, curve, publicKey } = parseCertificateRequest(node, der);
      const title = systemTitle && { systemTitle: toHex(systemTitle) };
      return { kind: "request", fields: { subject: subjectName, ...title, curve, publicKey: toHex(publicKey) } };
    }
    case "X509 CRL": {
      const { thisUpdate, nextUpdate, revoked } = parseRevocationList(der);
      const list = revoked.map(({ serialNumber, at }) => ({ serialNumber: toHex(serialNumber), at: iso(at) }));
      const next = nextUpdate === undefined ? {} : { nextUpdate: iso(nextUpdate) };
      return { kind: "revocationList", fields: { thisUpdate: iso(thisUpdate), ...next, revoked: list } };
    }
    case "PRIVATE KEY": {
      // Only the public key.
      const { curve, privateKey } = parsePrivateKey(der);
      const publicKey = toHex(node.publicKey(curve, privateKey));
      privateKey.fill(0);
      return { kind: "privateKey", fields: { curve, publicKey } };
    }
    default:
      throw missing(
        `${label} cannot be shown: its type is not known`,
        "certificates, requests, revocation lists, PKCS #8 keys",
      );
  }
}

/** The types that DER without a label may have, tried in order. If none fits, the Fault is that of the first. */
const labels = ["CERTIFICATE", "CERTIFICATE REQUEST", "X509 CRL", "PRIVATE KEY"] as const;

/** Everything in a file, DER or PEM. Faults of the parsers. */
export function showFile(file: Uint8Array): Shown[] {
  if (file[0] !== 0x30 || (file[1] as number) < 0x80) return fromPem(new TextDecoder().decode(file)).map(shownOf);
  let first: unknown;
  for (const label of labels) {
    try {
      return [shownOf({ label, der: file })];
    } catch (caught) {
      first ??= caught;
    }
  }
  throw first;
}

const titles: { readonly [kind in Shown["kind"]]: string } = {
  certificate: "certificate",
  request: "certificate signing request",
  revocationList: "revocation list",
  privateKey: "private key (not shown)",
};

/** `notBefore` as "not before". */
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function valueText(value: Shown["fields"][string]): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (value.length === 0) return "none";
  return value.map((one) => (typeof one === "string" ? one : Object.values(one).join(" at "))).join(", ");
}

/** Lines of text. */
export function shownText({ kind, fields }: Shown): string {
  const lines = Object.entries(fields).map(
    ([name, value]) => `  ${words(name).padEnd(20)}${visible(valueText(value))}`,
  );
  return `${[titles[kind], ...lines].join("\n")}\n`;
}
