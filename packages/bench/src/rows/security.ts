import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { concat, fromHex } from "@dlmskit/core";
import { type AesGcm, type CryptoProvider, noble, Protection } from "@dlmskit/security";
import { node, openssl } from "@dlmskit/security/node";
import { input } from "../inputs.ts";
import type { Row } from "../row.ts";

const encryptionKey = fromHex("000102030405060708090a0b0c0d0e0f");
const authenticationKey = fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf");
const systemTitle = fromHex("4142434445464748");
const peerTitle = fromHex("4d4d4d0000000001");
const how = { authenticated: true, encrypted: true, form: "glo" } as const;

/** Counters and a guard that accept the same APDU many times, so that only the work is measured. */
const counters = { remaining: 0xffffffff, next: () => 0x01234567 };
const replay = { lowest: 0, check: () => true, accept: () => {} };

function ends(provider: CryptoProvider): { meter: Protection; client: Protection } {
  const keys = { encryptionKey, authenticationKey };
  const common = { provider, suite: 0, keys, counters, replay };
  return {
    meter: new Protection({ ...common, systemTitle, peerSystemTitle: peerTitle }),
    client: new Protection({ ...common, systemTitle: peerTitle, peerSystemTitle: systemTitle }),
  };
}

// Bare: the same AES-GCM calls with a cached key, without any DLMS code.
const key = createSecretKey(encryptionKey);
const iv = concat(systemTitle, fromHex("01234567"));
const additional = concat(Uint8Array.of(0x30), authenticationKey);
function bareSeal(octets: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-gcm", key, iv, { authTagLength: 12 });
  cipher.setAAD(additional);
  const sealed = cipher.update(octets);
  cipher.final();
  return concat(sealed, cipher.getAuthTag());
}
function bareOpen(sealed: Uint8Array): Uint8Array {
  const decipher = createDecipheriv("aes-128-gcm", key, iv, { authTagLength: 12 });
  decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(sealed.length - 12));
  const octets = decipher.update(sealed.subarray(0, sealed.length - 12));
  decipher.final();
  return octets;
}

const java = "Gurux Java";
const peers = { 200: { protect: 174_000, unprotect: 119_000 }, 1024: { protect: 168_000, unprotect: 69_000 } } as const;

const nothing = new Uint8Array(0);

/** The size from which noble with cached tables is no longer faster than OpenSSL: the threshold of the provider `node`. */
const thresholdRows: readonly Row[] = [64, 128, 192, 224, 256, 320, 384, 512, 768, 1024].flatMap((size): Row[] => {
  const plain = new Uint8Array(size).map((_, at) => at * 7);
  const sealed = bareSeal(plain);
  const [ours, floor] = [noble, openssl].map((provider) => provider.aesGcm(encryptionKey)) as [AesGcm, AesGcm];
  const to = new Uint8Array(sealed.length);
  return [
    {
      name: `threshold: seal ${size} octets, noble over OpenSSL`,
      ours: () => ours.sealInto(iv, plain, additional, to, 0),
      floor: () => floor.sealInto(iv, plain, additional, to, 0),
    },
    {
      name: `threshold: open ${size} octets, noble over OpenSSL`,
      ours: () => ours.open(iv, sealed, additional),
      floor: () => floor.open(iv, sealed, additional),
    },
    {
      name: `threshold: authenticate ${size} octets, noble over OpenSSL`,
      ours: () => ours.sealInto(iv, nothing, plain, to, 0),
      floor: () => floor.sealInto(iv, nothing, plain, to, 0),
    },
  ];
});

const protectionRows: readonly Row[] = ([200, 1024] as const).flatMap((size) => {
  const plain = input(`apdu${size}`);
  const ciphered = input(`glo_apdu${size}`);
  const sealed = bareSeal(plain);
  return [node, openssl, noble].flatMap((provider): Row[] => {
    const { meter, client } = ends(provider);
    return [
      {
        name: `protect ${size} octets, suite 0, ${provider.name}`,
        ours: () => meter.seal(plain, how),
        floor: () => bareSeal(plain),
        peer: { rate: peers[size].protect, name: java },
      },
      {
        name: `unprotect ${size} octets, suite 0, ${provider.name}`,
        ours: () => client.open(ciphered),
        floor: () => bareOpen(sealed),
        peer: { rate: peers[size].unprotect, name: java },
      },
    ];
  });
});

export const securityRows: readonly Row[] = [...protectionRows, ...thresholdRows];
