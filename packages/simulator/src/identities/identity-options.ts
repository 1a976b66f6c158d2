import { gatewayAddress } from "@dlmskit/apdu";
import type { MechanismId } from "@dlmskit/association";
import type { ConnectOptions } from "@dlmskit/client";
import { type ClientLink, Fault, fromHex } from "@dlmskit/core";
import { Primary } from "@dlmskit/hdlc";
import { MbusClientLink } from "@dlmskit/mbus";
import { CounterGuard, type CounterSource, Keys, type ReplayGuard } from "@dlmskit/security";
import { WrapperClientLink } from "@dlmskit/wrapper";
import type { ClientRow, IdentityRow } from "./identities-file.ts";

/** The client's own values, for an association that needs keys. */
export interface OwnSecurity {
  /** The client's system title, 8 octets. */
  readonly systemTitle: Uint8Array;
  /** The client's invocation counters for the keys of this meter. No counter value may be used twice, see `DurableCounters`. */
  readonly counters: CounterSource;
  /** The invocation counters of the meter that were already received; a new `CounterGuard` by default. */
  readonly replay?: ReplayGuard;
}

/** What `connect` needs from the row of a meter: a link for one connection, and the options of the association. */
export interface IdentityConnection {
  readonly link: ClientLink;
  readonly options: Pick<ConnectOptions, "mechanism" | "ciphered" | "secret" | "security" | "gateway">;
}

/** The only meter on an M-Bus line. */
const anyMbusAddress = 254;
const sha256 = 6;
// SHA-256 needs system titles but no keys.
const unusedKey = new Uint8Array(16);

function clientOf({ serial, clients }: IdentityRow, client: number): ClientRow {
  const found = clients.find((one) => one.client === client);
  if (found !== undefined) return found;
  throw new Fault("bad-value", `meter ${serial} has no client ${client}`, {
    layer: "simulator",
    hint: `it has ${clients.length === 0 ? "none" : clients.map((one) => one.client).join(", ")}`,
  });
}

/** The link of a client to the meter, for one connection: the wrapper, or HDLC or M-Bus with the addresses of the row. */
export function identityLink({ link, serverAddress, physicalAddress }: IdentityRow, client: number): ClientLink {
  if (link === "wrapper") return new WrapperClientLink({ client, server: serverAddress });
  if (link === "mbus") {
    return new MbusClientLink({ client, server: serverAddress, address: physicalAddress ?? anyMbusAddress });
  }
  const lower = physicalAddress === undefined ? {} : { lower: physicalAddress };
  return new Primary({ client, server: { upper: serverAddress, ...lower } });
}

function secretOf({ password }: ClientRow): Uint8Array | undefined {
  if (password === undefined) return undefined;
  return typeof password === "string" ? new TextEncoder().encode(password) : fromHex(password.hex);
}

function securityOf(row: IdentityRow, client: ClientRow, own: OwnSecurity | undefined): ConnectOptions["security"] {
  const { encryptionKey, authenticationKey, mechanism, ciphered = false, suite = 0, policy } = client;
  if (encryptionKey === undefined && mechanism !== sha256) return undefined;
  if (own === undefined) {
    // The keys are for a ciphered association only. A plain association does not need them.
    if (!ciphered && mechanism !== undefined && mechanism < 5) return undefined;
    throw new Fault("missing-parameter", `client ${client.client} of meter ${row.serial} has keys`, {
      layer: "simulator",
      hint: "give the client's own systemTitle and counters as the third argument",
    });
  }
  const key = (hex: string | undefined): Uint8Array => (hex === undefined ? unusedKey : fromHex(hex));
  return {
    suite,
    keys: new Keys({ encryptionKey: key(encryptionKey), authenticationKey: key(authenticationKey) }),
    systemTitle: own.systemTitle,
    counters: own.counters,
    replay: own.replay ?? new CounterGuard(),
    ...(row.systemTitle === undefined ? {} : { serverSystemTitle: fromHex(row.systemTitle) }),
    // Security policy 2 of version 0: encryption without authentication.
    ...(ciphered && policy === 2 ? { authenticated: false, accept: ["encryption-only"] as const } : {}),
  };
}

/**
 * What `connect` of @dlmskit/client needs to open an association of a client with the meter of a row. The row comes from an identities file
 * (`parseIdentities`) or from a simulator (`identity`, `identities`). Open the transport at `row.host` and `row.port`, with UDP if
 * `row.transport` is `udp`. Mechanism 7 also needs the keys for signatures, which no row contains. Faults: `bad-value` (the meter has no
 * such client), `missing-parameter` (its association needs `own`).
 * @param client the client's SAP.
 */
export function identityOptions(row: IdentityRow, client: number, own?: OwnSecurity): IdentityConnection {
  const known = clientOf(row, client);
  const { mechanism = 0, ciphered = false } = known;
  const secret = mechanism === 0 ? undefined : secretOf(known);
  const security = securityOf(row, known, own);
  return {
    link: identityLink(row, client),
    options: {
      ...{ mechanism: mechanism as MechanismId, ciphered },
      ...(row.gateway === undefined ? {} : { gateway: gatewayAddress(row.gateway) }),
      ...(secret === undefined ? {} : { secret }),
      ...(security === undefined ? {} : { security }),
    },
  };
}
