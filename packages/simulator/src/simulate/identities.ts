import { type LogicalName, toHex, toLatin1 } from "@dlmskit/core";

/** What one client of one meter needs to come in. Octets in hex. */
export interface ClientIdentity {
  /** The client's SAP. */
  readonly client: number;
  readonly name: string;
  /** The Association LN object. */
  readonly association: LogicalName;
  readonly mechanism: number;
  readonly ciphered: boolean;
  readonly suite: number;
  readonly policy: number;
  /** LLS password or HLS secret: text where it is printable ASCII, else `{hex}`. */
  readonly password?: string | { readonly hex: string };
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  readonly broadcastKey?: string;
  /** Where the client's last invocation counter is read, by the public client. */
  readonly invocationCounter?: LogicalName;
}

/** One meter, as a head-end system must know it. */
export interface Identity {
  readonly meterId: string;
  readonly serial: string;
  readonly logicalDeviceName: string;
  /** 8 octets in hex. */
  readonly systemTitle: string;
  readonly masterKey?: string;
  /** The server address on the wrapper, and as upper HDLC address; behind a port of its own it is 1. */
  readonly serverAddress: number;
  /** The lower HDLC address. */
  readonly physicalAddress: number;
  readonly template: string;
  readonly clients: readonly ClientIdentity[];
}

/** A secret as the keys file writes it. */
export const passwordText = (secret: Uint8Array): string | { readonly hex: string } =>
  secret.every((octet) => octet >= 0x20 && octet < 0x7f) ? toLatin1(secret) : { hex: toHex(secret) };

/** One JSON document, two spaces deep. It holds keys. */
export const identitiesJson = (identities: readonly Identity[]): string =>
  `${JSON.stringify(identities, undefined, 2)}\n`;

const columns = [
  ...["meterId", "serial", "logicalDeviceName", "systemTitle", "serverAddress", "physicalAddress", "template"],
  ...["client", "name", "association", "mechanism", "ciphered", "suite", "policy", "password", "passwordHex"],
  ...["encryptionKey", "authenticationKey", "broadcastKey", "masterKey", "invocationCounter"],
] as const;

/** A line for each client of each meter, with a line of names before (RFC 4180). It holds keys. */
export function identitiesCsv(identities: readonly Identity[]): string {
  const lines = [columns.join(",")];
  for (const { clients, ...meter } of identities) {
    for (const { password, ...client } of clients) {
      const secret =
        password === undefined ? {} : typeof password === "string" ? { password } : { passwordHex: password.hex };
      const row: Record<string, unknown> = { ...meter, ...client, ...secret };
      lines.push(columns.map((name) => field(row[name])).join(","));
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}

function field(value: unknown): string {
  const text = value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
