import type { Association } from "@dlmskit/server";
import { badKeys, type ClientKeys, type KeysFile } from "./keys-file.ts";

const keyOctets = 16;

/** Whether the keys file names a key of the client. */
export const hasKeys = (keys: ClientKeys): boolean =>
  keys.encryptionKey !== undefined || keys.authenticationKey !== undefined || keys.broadcastKey !== undefined;

/** Checks the keys file against the associations. Throws Faults `bad-keys-file`; returns notices for the user. */
export function checkKeys(keys: KeysFile, associations: readonly Association[]): readonly string[] {
  const notices: string[] = [];
  if (keys.masterKey !== undefined && keys.masterKey.length !== keyOctets) {
    throw badKeys("suite 0 has keys of 16 octets", ["masterKey"]);
  }
  for (const [sap, given] of Object.entries(keys.clients ?? {})) {
    const path = ["clients", sap];
    const association = associations.find(({ client }) => client === Number(sap));
    if (association === undefined) throw badKeys("this client has no association", path);
    for (const name of ["encryptionKey", "authenticationKey", "broadcastKey"] as const) {
      const key = given[name];
      if (key !== undefined && key.length !== keyOctets)
        throw badKeys("suite 0 has keys of 16 octets", [...path, name]);
    }
    const { mechanism, ciphered } = association.security;
    if (mechanism === 2 && given.password !== undefined && given.password.length !== keyOctets) {
      throw badKeys("the secret of mechanism 2 is an AES-128 key: 16 octets", [...path, "password"]);
    }
    if (hasKeys(given) && !ciphered) {
      notices.push(`client ${sap} has keys in the keys file, but its row in client_associations is not ciphered`);
    }
  }
  return notices;
}
