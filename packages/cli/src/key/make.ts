import { Fault, fromHex, toHex } from "@dlmskit/core";
import { deriveMeterKeys, securitySuite } from "@dlmskit/security";
import { platformRandom } from "@dlmskit/server";
import { writeNew } from "../cert/files.ts";
import { io } from "../io.ts";
import { jsonText } from "../output/json.ts";

export interface NewKeysOptions {
  readonly output: string;
  readonly client: readonly string[];
  readonly suite: number;
  readonly meter?: string;
  readonly json?: boolean;
}

export interface DeriveOptions extends NewKeysOptions {
  readonly secret: string;
  readonly meter: string;
  readonly versionNumber: number;
}

interface ClientSecrets {
  readonly password: Uint8Array;
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
}

function write(
  { output, client, meter, json }: NewKeysOptions,
  masterKey: Uint8Array,
  secretsOf: (client: number) => ClientSecrets,
): void {
  const clients = client.map((text) => {
    const sap = Number(text);
    if (!/^\d{1,5}$/.test(text) || sap < 1 || sap > 0xffff) {
      throw new Fault("bad-option", `"${text}" is not a client`, {
        layer: "cli",
        hint: "give a service access point (SAP), such as 48",
      });
    }
    const { password, encryptionKey, authenticationKey } = secretsOf(sap);
    const keys = { encryptionKey: toHex(encryptionKey), authenticationKey: toHex(authenticationKey) };
    return [String(sap), { password: { hex: toHex(password) }, ...keys }];
  });
  const title = meter === undefined ? {} : { systemTitle: meter };
  const file = { ...title, masterKey: toHex(masterKey), clients: Object.fromEntries(clients) };
  writeNew([{ path: output, content: `${JSON.stringify(file, undefined, 2)}\n`, secret: true }]);
  io().stdout.write(json ? `${jsonText({ keys: output })}\n` : `keys written to ${output}\n`);
}

/** `dlms key new`. Faults `file-exists`, `not-written`. */
export function newKeys(options: NewKeysOptions): void {
  const { keyLength } = securitySuite(options.suite);
  write(options, platformRandom(keyLength), () => ({
    password: platformRandom(16),
    encryptionKey: platformRandom(keyLength),
    authenticationKey: platformRandom(keyLength),
  }));
}

/** `dlms key derive`: the same keys each time. Faults as `newKeys`. */
export function deriveKeys(options: DeriveOptions): void {
  const { secret, meter, suite, versionNumber: version } = options;
  const keys = deriveMeterKeys({ secret: fromHex(secret), systemTitle: fromHex(meter), suite, version });
  const { encryptionKey, authenticationKey, highSecret } = keys;
  write(options, keys.masterKey, () => ({ password: highSecret, encryptionKey, authenticationKey }));
}
