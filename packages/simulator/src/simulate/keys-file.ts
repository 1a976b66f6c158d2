import { Fault, fromAscii, fromHex } from "@dlmskit/core";
import { z } from "zod";
import { checkedJson, parsedJson } from "../json-file.ts";

// Messages say what is expected and never show the given value, because it may be a key.
const hex = (expected: string, ...lengths: readonly number[]) =>
  z
    .string(`expected ${expected}`)
    .refine((text) => /^(?:[0-9a-fA-F]{2})*$/.test(text) && lengths.includes(text.length / 2), `expected ${expected}`)
    .transform((text): Uint8Array => fromHex(text));

const key = hex("expected a key in hex: 16 octets, or 32 in suite 2", 16, 32);
const passwordText = 'expected a password: ASCII text, or its octets as {"hex": "…"}';
const password = z.union(
  [
    z
      .string()
      .refine((text) => /^[\0-\x7f]*$/.test(text))
      .transform((text): Uint8Array => fromAscii(text)),
    z
      .strictObject({ hex: z.string().regex(/^(?:[0-9a-fA-F]{2})*$/) })
      .transform(({ hex: digits }): Uint8Array => fromHex(digits)),
  ],
  passwordText,
);

const client = z.strictObject(
  {
    /** LLS password or HLS secret. */
    password: password.optional(),
    encryptionKey: key.optional(),
    authenticationKey: key.optional(),
    broadcastKey: key.optional(),
  },
  { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : "expected an object") },
);

const schema = z.strictObject(
  {
    systemTitle: hex("expected a system title in hex: 8 octets", 8).optional(),
    masterKey: key.optional(),
    clients: z
      .record(
        z
          .string()
          .refine((name) => /^\d{1,5}$/.test(name) && Number(name) <= 0xffff, "expected a client SAP, such as 48"),
        client,
        { error: (issue) => (issue.code === "invalid_type" ? "expected an object of clients by SAP" : undefined) },
      )
      .optional(),
  },
  { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : "expected a JSON object") },
);

/**
 * The secrets of every meter of a run, for tests. Secrets that the file does not name are derived from the secret of the fleet. Values are
 * octets; `clients` is keyed by SAP. A client whose association is ciphered only on demand (32 of IS 15959) is ciphered if it has a key
 * here, or if the file does not name it.
 */
export type KeysFile = z.output<typeof schema>;

/** The values of one client in the file. */
export type ClientKeys = z.output<typeof client>;

/**
 * Reads the JSON of `--keys FILE` (a text, or the parsed JSON): `{"systemTitle": "…", "masterKey": "…", "clients": {"32": {"password":
 * "…"}, "48": {"password": {"hex": "…"}, "encryptionKey": "…", "authenticationKey": "…"}}}`. Fault `bad-keys-file`, whose path is the place
 * in the file. The message shows no value.
 */
export function parseKeysFile(json: unknown): KeysFile {
  const file = { bad, secret: true };
  return checkedJson(schema, parsedJson(json, file), file);
}

function bad(message: string, path: readonly string[]): Fault {
  const where = path.length === 0 ? "" : ` at ${path.join(".")}`;
  const fault = new Fault("bad-keys-file", `keys file${where}: ${message}`, {
    layer: "simulator",
    hint: 'for example {"clients": {"48": {"password": "16 characters…", "encryptionKey": "32 hex digits"}}}',
  });
  fault.path.push(...path);
  return fault;
}

/** Fault `bad-keys-file` at a place in the file, for errors that are found only when the file is applied to a meter. */
export const badKeys = bad;
