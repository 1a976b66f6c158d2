import { Fault, fromHex, toHex } from "@dlmskit/core";
import type { KeyPurpose, PeerKeys } from "@dlmskit/security";
import { type Certificate, fromPem, parseCertificate, parsePrivateKey, usageOf } from "@dlmskit/security/certificates";
import { readFile } from "./cert/files.ts";
import { warnIfReadable } from "./private-file.ts";

/** A private key: in hex, 32 octets (P-256) or 48 (P-384), or the path of its PEM or DER file. Faults `bad-option`, `no-such-file`. */
export const privateKeyOption =
  (option: string) =>
  (text: string): Uint8Array => {
    if (/^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{96})$/.test(text)) return fromHex(text);
    if (/^[0-9a-fA-F]*$/.test(text)) {
      const message = `${option} takes 32 or 48 octets in hex, or a file with a private key`;
      throw new Fault("bad-option", message, { layer: "cli" });
    }
    warnIfReadable(text);
    return parsePrivateKey(readFile(text)).privateKey;
  };

/** Every certificate of the files, PEM or DER; an authority comes before the certificates that it issued. */
export function certificatesOf(files: readonly string[]): Certificate[] {
  const all = files.map(readFile).flatMap((file) => {
    if (file[0] === 0x30 && (file[1] as number) >= 0x80) return [parseCertificate(file)];
    const blocks = fromPem(new TextDecoder().decode(file)).filter(({ label }) => label === "CERTIFICATE");
    return blocks.map(({ der }) => parseCertificate(der));
  });
  return [...all.filter(({ authority }) => authority !== undefined), ...all.filter(({ authority }) => !authority)];
}

/** The value of a repeated option: each use adds one. */
export const added = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/**
 * The public keys of certificates and of `TITLE=KEY` texts, the latter for signature and key agreement. Validity is not checked: a
 * recording may be old. Faults `bad-option`, `no-such-file`, and those of certificates.
 */
export function givenPublicKeys(files: readonly string[] = [], keys: readonly string[] = []): PeerKeys | undefined {
  if (files.length === 0 && keys.length === 0) return undefined;
  const known = new Map<string, Uint8Array>();
  for (const certificate of certificatesOf(files)) {
    const usage = usageOf(certificate);
    const { systemTitle, publicKey } = certificate;
    if (systemTitle !== undefined && usage !== undefined) known.set(`${toHex(systemTitle)} ${usage}`, publicKey);
  }
  for (const text of keys) {
    const [, title, key] = /^([0-9a-fA-F]{16})=((?:[0-9a-fA-F]{128}|[0-9a-fA-F]{192}))$/.exec(text) ?? [];
    if (title === undefined || key === undefined) {
      throw new Fault("bad-option", "--public-key takes TITLE=KEY: 8 octets, and x and y of the key, in hex", {
        layer: "cli",
      });
    }
    for (const usage of ["digital-signature", "key-agreement"] as const) {
      known.set(`${title.toLowerCase()} ${usage}`, fromHex(key));
    }
  }
  return { publicKey: (title: Uint8Array, purpose: KeyPurpose) => known.get(`${toHex(title)} ${purpose}`) };
}
