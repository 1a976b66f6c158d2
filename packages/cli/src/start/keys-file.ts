import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Identity } from "@dlmskit/simulator";
import { writePrivate } from "../private-file.ts";

/** Writes the meter's secrets in the form that `--keys` reads, with mode 0600. */
export function writeKeysFile(path: string, { systemTitle, masterKey, clients }: Identity): void {
  const entries = clients.map(({ client, password, encryptionKey, authenticationKey, broadcastKey }) => [
    String(client),
    { password, encryptionKey, authenticationKey, broadcastKey },
  ]);
  mkdirSync(dirname(path), { recursive: true });
  const keys = { systemTitle, masterKey, clients: Object.fromEntries(entries) };
  writePrivate(path, `${JSON.stringify(keys, undefined, 2)}\n`);
}
