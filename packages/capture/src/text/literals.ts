import { Buffer } from "buffer/index.js";
import type { Written } from "./tokens.ts";

const simple: Readonly<Record<string, number>> = {
  n: 10,
  r: 13,
  t: 9,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  "\\": 92,
  "'": 39,
  '"': 34,
};
const quoted = /(b?)(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/gi;

/** The octets of the content of a string literal in C, Python or JavaScript; undefined for characters above U+00FF. */
function unescaped(text: string): Uint8Array | undefined {
  let raw = "";
  const escapes = /\\(?:x([0-9a-f]{1,2})|u00([0-9a-f]{2})|([0-7]{1,3})|(.))/gi;
  let at = 0;
  for (const found of text.matchAll(escapes)) {
    raw += text.slice(at, found.index);
    at = found.index + found[0].length;
    const [, hex, unicode, octal, character = ""] = found;
    const code =
      hex !== undefined || unicode !== undefined
        ? Number.parseInt(hex ?? (unicode as string), 16)
        : octal !== undefined
          ? Number.parseInt(octal, 8) & 0xff
          : (simple[character] ?? character.charCodeAt(0));
    raw += String.fromCharCode(code);
  }
  raw += text.slice(at);
  for (let place = 0; place < raw.length; place++) if (raw.charCodeAt(place) > 0xff) return undefined;
  return Uint8Array.from(Buffer.from(raw, "latin1"));
}

/** The octets of string literals with escapes, `b'~\xa0*A'` or `"\x7e\xa0" "\x2a"`; undefined for anything else. */
export function literalOctets(text: string): Written | undefined {
  const parts: Uint8Array[] = [];
  let escapes = false;
  for (const [, prefix, double, single] of text.matchAll(quoted)) {
    const inside = double ?? single ?? "";
    escapes ||= prefix !== "" || /\\x[0-9a-f]{2}|\\u00|\\[0-7]{3}/i.test(inside);
    const octets = unescaped(inside);
    if (octets === undefined) return undefined;
    parts.push(octets);
  }
  if (!escapes || parts.length === 0) return undefined;
  return { octets: Uint8Array.from(Buffer.concat(parts)), notation: "string literal" };
}

/** The octets of base64 or base64url; undefined for a text with other characters or with an impossible length. */
export function base64Octets(text: string): Written | undefined {
  const digits = text.trim().replace(/^["']|["'][,;]?$/g, "");
  if (!/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(digits) || digits.replace(/=+$/, "").length % 4 === 1) return undefined;
  return { octets: Uint8Array.from(Buffer.from(digits, "base64")), notation: "base64", guess: "taken as base64" };
}
