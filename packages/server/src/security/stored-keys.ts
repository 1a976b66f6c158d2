import { Fault } from "@dlmskit/core";
import { columnOf, type SecuritySetting, type Stored } from "@dlmskit/storage";

/** Fault `bad-row` for a row of `security_settings` with a key whose length does not match its security suite. */
export function checkKeysOf(row: Stored<SecuritySetting>, suite: 0 | 1 | 2): void {
  const length = suite === 2 ? 32 : 16;
  for (const name of ["encryptionKey", "authenticationKey", "broadcastKey", "masterKey"] as const) {
    const octets = row[name]?.length ?? length;
    if (octets === length) continue;
    const column = columnOf(name);
    const message = `security_settings id ${row.id}, ${column}: expected ${length} octets, found ${octets}`;
    const fault = new Fault("bad-row", message, {
      layer: "server",
      hint: "the row was left as it is: correct it in the database",
    });
    fault.path.push("security_settings", `id ${row.id}`, column);
    throw fault;
  }
}
