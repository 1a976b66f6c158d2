import { Fault } from "@dlmskit/core";
import { integer, logicalNameText, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

/** A key of one APDU that a client has used (wrapped or agreed), or the transaction-id of an APDU that was only signed. */
export const UsedKey = table(
  "used_keys",
  {
    meterId: text(100, 1),
    /** The client's SAP. */
    clientId: integer(0, 0xffff),
    /** Logical name of the association. */
    instanceId: logicalNameText,
    /** Identifies the key. The key cannot be computed from it. */
    digest: text(120, 1),
  },
  { key: ["meterId", "clientId", "instanceId", "digest"] },
);
export type UsedKey = RowOf<typeof UsedKey>;

/** The number of keys that are kept for each (meter, client, association): the latest ones. */
export const usedKeysKept = 16384;

/** The Fault if the key of an APDU was used before: `counter-replayed`. */
export function keyReplayed(meterId: string, clientId: number): Fault {
  return new Fault("counter-replayed", `client ${clientId} has used this key before with meter "${meterId}"`, {
    layer: "storage",
  });
}
