import type { InitiatorSecurity } from "@dlmskit/association";
import { fromAscii } from "@dlmskit/core";
import {
  CounterGuard,
  CounterLedger,
  GeneralProtection,
  type LayerProtections,
  type PeerKeys,
  type PrivateKeys,
  Protection,
  type Random,
} from "@dlmskit/security";
import { CertificateAuthority } from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import type { Secrets } from "../../src/index.ts";

// Who takes part in the cases: one client and one meter, with keys for every suite.

export const provider = node;
export const clientTitle = fromAscii("CLI00001");
export const meterTitle = fromAscii("TST00001");

export type Suite = 0 | 1 | 2;

const octets = (length: number, from: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (from + at) & 0xff);
const keyLength = (suite: Suite): number => (suite === 2 ? 32 : 16);
export const curveOf = (suite: Suite) => (suite === 2 ? ("P-384" as const) : ("P-256" as const));

export const keysOf = (suite: Suite) => ({
  encryptionKey: octets(keyLength(suite), 0),
  authenticationKey: octets(keyLength(suite), 0xd0),
  broadcastKey: octets(keyLength(suite), 0x80),
});
export const masterKeyOf = (suite: Suite): Uint8Array => octets(keyLength(suite), 0x40);

/** The private keys of a party: a scalar of the curve for each purpose. */
export function privateKeysOf(suite: Suite, party: "client" | "meter") {
  const length = suite === 2 ? 48 : 32;
  const first = party === "client" ? 3 : 5;
  return { digitalSignature: octets(length, first), keyAgreement: octets(length, first + 10) } satisfies PrivateKeys;
}

/** The public keys of a party, whoever asks. */
export function publicKeysOf(suite: Suite, party: "client" | "meter"): PeerKeys {
  const own = privateKeysOf(suite, party);
  const curve = curveOf(suite);
  const keys = {
    "digital-signature": provider.publicKey(curve, own.digitalSignature),
    "key-agreement": provider.publicKey(curve, own.keyAgreement),
  };
  return { publicKey: (_, purpose) => keys[purpose] };
}

let start = 1;
/** A counter of the client that begins above all before it. */
export function counters(from?: number): CounterLedger {
  start += 0x1000;
  const first = from ?? start;
  const ledger = new CounterLedger({ start: first });
  ledger.reserved(Math.min(first + 0x10000, 0x100000000));
  return ledger;
}

/** What the client has. */
export function clientSecurity(suite: Suite = 0, more: Partial<InitiatorSecurity> = {}): InitiatorSecurity {
  return {
    suite,
    keys: keysOf(suite),
    masterKey: masterKeyOf(suite),
    counters: counters(),
    replay: new CounterGuard(),
    systemTitle: clientTitle,
    serverSystemTitle: meterTitle,
    ...(suite === 0 ? {} : { privateKeys: privateKeysOf(suite, "client"), peerKeys: publicKeysOf(suite, "meter") }),
    ...more,
  };
}

export const validity = { notBefore: Date.UTC(2020, 0, 1), notAfter: Date.UTC(2050, 0, 1) };
const random: Random = (count) => globalThis.crypto.getRandomValues(new Uint8Array(count));
const authorities = new Map<Suite, CertificateAuthority>();

/** The authority that both trust. */
export function authorityOf(suite: Suite): CertificateAuthority {
  const made =
    authorities.get(suite) ??
    CertificateAuthority.root({ provider, random, curve: curveOf(suite), name: "CN=Root", ...validity });
  authorities.set(suite, made);
  return made;
}

/** The certificates of the client's keys, DER. */
export function clientCertificates(suite: Suite): Uint8Array[] {
  return (["digital-signature", "key-agreement"] as const).map((usage) => {
    const publicKey = publicKeysOf(suite, "client").publicKey(clientTitle, usage) as Uint8Array;
    const asked = { systemTitle: clientTitle, curve: curveOf(suite), publicKey, usage, ...validity };
    return authorityOf(suite).issue(asked).der;
  });
}

/** What the meter has: its keys, the client's certificates. */
export function meterSecrets(suite: Suite = 0): Secrets {
  const { encryptionKey, authenticationKey, broadcastKey } = keysOf(suite);
  return {
    encryptionKey,
    authenticationKey,
    broadcastKey,
    masterKey: masterKeyOf(suite),
    ...(suite === 0
      ? {}
      : {
          privateKeys: privateKeysOf(suite, "meter"),
          certificates: clientCertificates(suite),
          trustAnchors: [authorityOf(suite).certificate.der],
        }),
  };
}

/** All that a party has to open and seal with, beside the machines: to forge with, and to look into what passes. */
export function protectionsOf(
  suite: Suite,
  party: "client" | "meter",
  more: Partial<ConstructorParameters<typeof Protection>[0]> = {},
): LayerProtections & { association: Protection; general: GeneralProtection } {
  const client = party === "client";
  const common = {
    provider,
    suite,
    keys: keysOf(suite),
    systemTitle: client ? clientTitle : meterTitle,
    peerSystemTitle: client ? meterTitle : clientTitle,
    counters: counters(),
    replay: new CounterGuard(),
    ...more,
  };
  return {
    association: new Protection(common),
    general: new GeneralProtection({
      ...common,
      masterKey: masterKeyOf(suite),
      random: (count) => globalThis.crypto.getRandomValues(new Uint8Array(count)),
      ...(suite === 0
        ? {}
        : { privateKeys: privateKeysOf(suite, party), peerKeys: publicKeysOf(suite, client ? "meter" : "client") }),
    }),
  };
}
