import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Identity } from "@dlmskit/simulator";

/** Writes the meter's secrets as `--keys` reads them, for its owner's eyes only. */
export function writeKeysFile(path: string, { systemTitle, masterKey, clients }: Identity): void {
  const entries = clients.map(({ client, password, encryptionKey, authenticationKey, broadcastKey }) => [
    String(client),
    { password, encryptionKey, authenticationKey, broadcastKey },
  ]);
  mkdirSync(dirname(path), { recursive: true });
  const keys = { systemTitle, masterKey, clients: Object.fromEntries(entries) };
  writeFileSync(path, `${JSON.stringify(keys, undefined, 2)}\n`, { mode: 0o600 });
  // The mode holds only for a file that was not there.
  chmodSync(path, 0o600);
}
