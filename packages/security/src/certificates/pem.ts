import { toLatin1 } from "@dlmskit/core";
import { refusal } from "../refusal.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values = new Map(Array.from(alphabet, (letter, value) => [letter, value]));

function toBase64(octets: Uint8Array): string {
  let text = "";
  for (let at = 0; at < octets.length; at += 3) {
    const [a = 0, b = 0, c = 0] = octets.subarray(at, at + 3);
    const bits = (a << 16) | (b << 8) | c;
    for (let shift = 18; shift >= 0; shift -= 6) text += alphabet[(bits >> shift) & 63];
  }
  const padding = (3 - (octets.length % 3)) % 3;
  return text.slice(0, text.length - padding) + "=".repeat(padding);
}

function fromBase64(text: string): Uint8Array {
  const letters = text.replace(/={1,2}$/, "");
  const octets = new Uint8Array(Math.floor((letters.length * 3) / 4));
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const letter of letters) {
    const value = values.get(letter);
    if (value === undefined) throw refusal("bad-pem", "PEM must have base64 between its BEGIN and END lines");
    bits = ((bits << 6) | value) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      octets[at++] = bits >> count;
    }
  }
  return octets;
}

/** The label in the first and last line of PEM. */
export type PemLabel = "CERTIFICATE" | "CERTIFICATE REQUEST" | "X509 CRL" | "PRIVATE KEY";

/** DER as text (RFC 7468): lines of 64 characters between `-----BEGIN label-----` and `-----END label-----`. */
export function toPem(label: PemLabel, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

// OpenSSL may write "EC PARAMETERS" before a private key. Text outside of the blocks is for people.
const block = /-----BEGIN ([A-Z0-9 ]{1,40})-----\s([A-Za-z0-9+/=\s]*)-----END \1-----/g;

/** All blocks of a PEM text, in order. Fault `bad-pem` if there is none, or if one is not base64. */
export function fromPem(text: string): readonly PemBlock[] {
  const blocks = Array.from(text.matchAll(block), ([, label = "", body = ""]) => ({
    label,
    der: fromBase64(body.replace(/\s+/g, "")),
  }));
  if (blocks.length === 0) throw refusal("bad-pem", "the text has no PEM block", "-----BEGIN CERTIFICATE----- …");
  return blocks;
}

/** The DER of a file in DER or PEM: DER unchanged, or the first block of PEM with one of the labels. Fault `bad-pem`. */
export function derOf(file: Uint8Array, ...labels: readonly PemLabel[]): Uint8Array {
  // DER begins with a SEQUENCE and a length of more than one octet. No text begins like this.
  if (file[0] === 0x30 && (file[1] as number) >= 0x80) return file;
  const found = fromPem(toLatin1(file)).find(({ label }) => (labels as readonly string[]).includes(label));
  if (found !== undefined) return found.der;
  throw refusal("bad-pem", `the PEM has no ${labels.join(" or ")}`);
}
