import { decodeApdu, encodeApdu } from "@dlmskit/apdu";
import { Fault, fromHex, toHex } from "@dlmskit/core";
import {
  type CipheredForm,
  CounterGuard,
  CounterLedger,
  type CryptoProvider,
  deriveKey,
  Protection,
  verifyResponse,
} from "@dlmskit/security";
import { parseCertificate } from "@dlmskit/security/certificates";
import { same, type Vector } from "./vector.ts";

const optional = ({ keys }: Vector, name: string): Uint8Array | undefined =>
  keys?.[name] === undefined ? undefined : fromHex(keys[name]);
function key(vector: Vector, name: string): Uint8Array {
  const found = optional(vector, name);
  if (found === undefined) throw new Error(`${vector.id} has no ${name}`);
  return found;
}
const refused = (why: string): Fault => new Fault("refused", why, { layer: "vectors" });

function counters(start: number): CounterLedger {
  const ledger = new CounterLedger({ start });
  ledger.reserved(start + 1);
  return ledger;
}

function end(vector: Vector, provider: CryptoProvider, suite: number, sends: boolean): Protection {
  const encryptionKey = key(vector, "encryptionKey");
  const title = key(vector, "systemTitle");
  const counting = {
    counters: counters(sends ? vector.decoded.invocationCounter : 0),
    replay: new CounterGuard(),
  };
  return new Protection({
    provider,
    suite,
    keys: { encryptionKey, authenticationKey: key(vector, "authenticationKey"), broadcastKey: encryptionKey },
    ...(sends ? { systemTitle: title } : { systemTitle: fromHex("5858585800000000"), peerSystemTitle: title }),
    ...counting,
    dedicated: { key: encryptionKey, ...counting },
    broadcast: counting,
    ...(vector.valid ? { accept: ["encryption-only"] as const } : {}),
  });
}

/** Ciphered APDUs and bare AES-GCM. */
export function security(vector: Vector, provider: CryptoProvider): void {
  const { kind, hex, decoded, valid } = vector;
  const octets = fromHex(hex);
  const form = /^(general-glo|general-ded|glo|ded)-/.exec(kind)?.[1] as CipheredForm | undefined;
  if (kind === "gcm") {
    const aes = provider.aesGcm(fromHex(decoded.key));
    const [iv, plaintext, aad] = [fromHex(decoded.iv), fromHex(decoded.plaintext), fromHex(decoded.aad)];
    const sealed = hex + decoded.tag.slice(0, 24);
    same(toHex(aes.seal(iv, plaintext, aad)), sealed);
    same(toHex(aes.open(iv, fromHex(sealed), aad) ?? new Uint8Array(0)), decoded.plaintext);
  } else if (!valid) {
    end(vector, provider, 0, false).open(octets);
  } else if (form === undefined || decoded.securityControl?.raw === "00") {
    // With keys of several parties; the tests of the package have them. Here its form.
    same(toHex(encodeApdu(decodeApdu(octets))), hex);
  } else {
    const { suite, authenticated, encrypted, keySet } = decoded.securityControl;
    same(toHex(end(vector, provider, suite, false).open(octets).apdu), decoded.plaintext);
    const how = { authenticated, encrypted, broadcast: keySet === "broadcast", form };
    const sealed = end(vector, provider, suite, true).seal(fromHex(decoded.plaintext), how);
    // Ours always tells its title in a general form.
    if (decoded.systemTitle !== "") same(toHex(sealed), hex);
  }
}

/** Responses of the high-level authentication mechanisms. */
export function hls(vector: Vector, provider: CryptoProvider): void {
  const { mechanism, computedBy } = vector.decoded;
  const suite = mechanism === 7 ? (vector.keys?.curve === "P-384" ? 2 : 1) : Number(vector.hex[1]);
  const any = { client: fromHex("4d4d4d00000000ff"), server: fromHex("4d4d4d00000000fe") };
  const titles = {
    client: optional(vector, "clientSystemTitle") ?? any.client,
    server: optional(vector, "serverSystemTitle") ?? any.server,
  };
  const last = vector.keys?.lastInvocationCounter;
  const role = computedBy === "client" ? "server" : "client";
  const [secret, peerPublicKey] = [optional(vector, "secret"), optional(vector, "signingPublicKey")];
  const [encryptionKey, authenticationKey] = [optional(vector, "encryptionKey"), optional(vector, "authenticationKey")];
  const right = verifyResponse({
    mechanism,
    provider,
    role,
    cToS: optional(vector, "ctos") ?? fromHex("0011223344556677"),
    sToC: optional(vector, "stoc") ?? fromHex("7766554433221100"),
    ownSystemTitle: titles[role],
    peerSystemTitle: titles[role === "client" ? "server" : "client"],
    response: fromHex(vector.hex),
    replay: new CounterGuard(last === undefined ? 0 : Number.parseInt(last, 16) + 1),
    ...(mechanism === 5 || mechanism === 7 ? { suite } : {}),
    ...(secret === undefined ? {} : { secret }),
    ...(encryptionKey === undefined || authenticationKey === undefined
      ? {}
      : { keys: { encryptionKey, authenticationKey } }),
    ...(peerPublicKey === undefined ? {} : { peerPublicKey }),
  });
  if (!right) throw refused("the response is another");
}

/** Key wrap, key derivation, curves and certificates. */
export function keys(vector: Vector, provider: CryptoProvider): void {
  const { kind, hex, decoded } = vector;
  const octets = fromHex(hex);
  const does = vector.valid ? kind : decoded.error;
  switch (does) {
    case "key-wrap":
      same(toHex(provider.wrapKey(key(vector, "kek"), fromHex(decoded.key))), hex);
      same(toHex(provider.unwrapKey(key(vector, "kek"), octets)), decoded.key);
      return;
    case "unwrap-failed":
    case "length":
      provider.unwrapKey(key(vector, "kek"), octets);
      return;
    case "ecdh":
      same(toHex(provider.ecdhSharedSecret(decoded.curve, key(vector, "privateKey"), key(vector, "publicKey"))), hex);
      return;
    case "invalid-public-key":
      provider.ecdhSharedSecret(decoded.curve, key(vector, "privateKey"), octets);
      return;
    case "ecdsa":
    case "signature-invalid":
      if (!provider.ecdsaVerify(decoded.curve, key(vector, "publicKey"), fromHex(decoded.message), octets)) {
        throw refused("the signature is another's");
      }
      return;
    case "kdf":
      same(
        toHex(
          deriveKey({
            provider,
            hash: decoded.hash === "SHA-384" ? "sha384" : "sha256",
            sharedSecret: key(vector, "z"),
            algorithmId: fromHex(decoded.algorithmId),
            partyUInfo: fromHex(decoded.partyUInfo),
            partyVInfo: fromHex(decoded.partyVInfo),
            length: octets.length,
          }),
        ),
        hex,
      );
      return;
    case "certificate":
      same(toHex(parseCertificate(octets).publicKey), decoded.publicKey);
      return;
    case "other": {
      // A key for a gas meter, enciphered under its master key.
      const aes = provider.aesGcm(key(vector, "masterKey"));
      const sealed = aes.seal(fromHex(decoded.iv), fromHex(decoded.plaintext), fromHex(decoded.aad));
      same(hex.startsWith(toHex(sealed.subarray(0, sealed.length - 12))), true);
      return;
    }
    default:
      throw new Error(`nobody knows ${String(does)}`);
  }
}
