import type { InitiatorSecurity } from "@dlmskit/association";
import { Fault, fromHex, toHex } from "@dlmskit/core";
import type { GeneralKey, PeerKeys } from "@dlmskit/security";
import { type Certificate, CertifiedKeys } from "@dlmskit/security/certificates";
import { type Command, Option } from "commander";
import { added, certificatesOf, privateKeyOption } from "../key-material.ts";
import { keyFrom } from "../keys.ts";
import { readKeysFile } from "../keys-file.ts";
import { hexOption } from "../options.ts";

/** How requests are protected beyond the service-specific ciphering, and the keys for it. */
export interface ProtectionOptions {
  readonly form?: "glo" | "general-glo" | "general-ciphering";
  readonly keyInfo?: keyof typeof generalKeys;
  readonly sign?: "inside" | "outside" | "only";
  readonly masterKey?: string;
  readonly signingKey?: string;
  readonly agreementKey?: string;
  readonly meterPublicKey?: string;
  readonly certificate?: readonly string[];
  readonly meterSystemTitle?: string;
  readonly keys?: string;
}

const generalKeys = {
  "identified-key": "global-unicast-encryption-key",
  "wrapped-key": "wrapped-key",
  "one-pass": "one-pass-diffie-hellman",
  static: "static-unified-model",
} as const satisfies { readonly [name: string]: GeneralKey };

/** Adds the options. */
export function protectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--form <form>", "form of ciphered APDUs; default: glo").choices([
        ...["glo", "general-glo", "general-ciphering"],
      ]),
    )
    .addOption(
      new Option(
        "--key-info <key>",
        "key of general-ciphering: agreed keys are one-pass, C(1e,1s), or static, C(0e,2s)",
      )
        .choices(Object.keys(generalKeys))
        .implies({ form: "general-ciphering" }),
    )
    .addOption(
      new Option(
        "--sign <where>",
        "general-signing: inside the ciphering, outside of it, or without ciphering",
      ).choices([...["inside", "outside", "only"]]),
    )
    .addOption(
      new Option("--master-key <hex>", "master key, for --key-info wrapped-key; --keys FILE may contain it")
        .env("DLMS_MASTER_KEY")
        .argParser(hexOption("--master-key", 16, 32)),
    )
    .addOption(
      new Option(
        "--signing-key <key>",
        "the client's private key for signatures and hls-ecdsa: hex, or a PEM file",
      ).env("DLMS_SIGNING_KEY"),
    )
    .addOption(
      new Option("--agreement-key <key>", "the client's private key for agreed keys: hex, or a PEM file").env(
        "DLMS_AGREEMENT_KEY",
      ),
    )
    .addOption(
      new Option("--meter-public-key <hex>", "the meter's public key for signatures, x and y").argParser(
        hexOption("--meter-public-key", 64, 96),
      ),
    )
    .addOption(
      new Option("--meter-system-title <hex>", "the meter's system title; default: that of its certificates").argParser(
        hexOption("--meter-system-title", 8),
      ),
    )
    .option("--certificate <file>", "certificates of the meter, PEM or DER; may be repeated", added);
}

const missing = (option: string, why: string): Fault =>
  new Fault("bad-option", `${option} is missing`, { layer: "cli", hint: why });

/** The options of the association. Faults `bad-option`, `no-such-file`, and those of keys and certificates. */
export function protectionOf(options: ProtectionOptions): Partial<InitiatorSecurity> {
  const { form, keyInfo, sign, signingKey, agreementKey, keys } = options;
  const masterKey =
    keyFrom("--master-key", options.masterKey, undefined) ??
    (keys === undefined ? undefined : readKeysFile(keys).masterKey);
  const digitalSignature = signingKey === undefined ? undefined : privateKeyOption("--signing-key")(signingKey);
  const ownAgreementKey = agreementKey === undefined ? undefined : privateKeyOption("--agreement-key")(agreementKey);
  const certificates = certificatesOf(options.certificate ?? []);
  const peerKeys = meterKeys(certificates, options.meterPublicKey);
  const serverSystemTitle =
    options.meterSystemTitle === undefined ? titleOf(certificates) : fromHex(options.meterSystemTitle);
  if (keyInfo === "wrapped-key" && masterKey === undefined) {
    throw missing("--master-key", "a key that is sent wrapped needs the master key");
  }
  const agreed = keyInfo === "one-pass" || keyInfo === "static";
  if (agreed && ownAgreementKey === undefined) {
    throw missing("--agreement-key", "agreed keys need the client's key for key agreement, also for the response");
  }
  if ((sign !== undefined || keyInfo === "one-pass") && digitalSignature === undefined) {
    throw missing("--signing-key", "the client signs its requests, and ephemeral keys, with it");
  }
  if ((sign !== undefined || agreed) && peerKeys === undefined) {
    throw missing("--certificate", "responses are verified with the meter's certificates; dlms cert export gets them");
  }
  if (agreed && serverSystemTitle === undefined) {
    throw missing("--meter-system-title", "agreed keys need it before the meter has told it");
  }
  const privateKeys = {
    ...(digitalSignature && { digitalSignature }),
    ...(ownAgreementKey && { keyAgreement: ownAgreementKey }),
  };
  return {
    ...(form === undefined ? {} : { form }),
    ...(keyInfo === undefined ? {} : { generalKey: generalKeys[keyInfo] }),
    ...(sign === undefined ? {} : { signed: sign === "outside" ? sign : "inside" }),
    ...(sign === "only" ? { authenticated: false, encrypted: false } : {}),
    ...(masterKey && { masterKey }),
    privateKeys,
    ...(peerKeys && { peerKeys }),
    ...(serverSystemTitle && { serverSystemTitle }),
  };
}

/** The system title of the certificates; undefined if there are none, or several. */
function titleOf(certificates: readonly Certificate[]): Uint8Array | undefined {
  const titles = new Map(
    certificates.flatMap(({ systemTitle }) => (systemTitle ? [[toHex(systemTitle), systemTitle]] : [])),
  );
  return titles.size === 1 ? [...titles.values()][0] : undefined;
}

/** The public keys of the meter: those of valid certificates, and a given one for signatures. */
function meterKeys(certificates: readonly Certificate[], meterPublicKey: string | undefined): PeerKeys | undefined {
  if (certificates.length === 0 && meterPublicKey === undefined) return undefined;
  const certified = new CertifiedKeys(() => Date.now(), certificates);
  const given = meterPublicKey === undefined ? undefined : fromHex(meterPublicKey);
  return {
    publicKey: (title, purpose) =>
      certified.publicKey(title, purpose) ?? (purpose === "digital-signature" ? given : undefined),
  };
}
