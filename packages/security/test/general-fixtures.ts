import { fromHex } from "@dlmskit/core";
import {
  CounterGuard,
  CounterLedger,
  type CryptoProvider,
  type GeneralOptions,
  GeneralProtection,
  type PeerKeys,
  type PrivateKeys,
} from "../src/index.ts";

export const clientTitle = fromHex("4d4d4d0000bc614e");
export const serverTitle = fromHex("4d4d4d0000000001");

/** The key pairs of the Green Book's examples (and as many for P-384): signature and key agreement of both ends. */
export const scalars = {
  1: {
    client: {
      digitalSignature: fromHex("418073c239fa6125011de4d6cd2e645780289f761bb21bfb0835cb5585e8b373"),
      keyAgreement: fromHex("a51c16ff5c498fcc89323d4a9267cd71bf81fd6f6a891cd240da7f3d6f283e65"),
    },
    server: {
      digitalSignature: fromHex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"),
      keyAgreement: fromHex("aad3fd0732e991cf52a74c66c1f2827ddc53522a2e0a169d7c4ffcc0fb5d6a4d"),
    },
  },
  2: {
    client: { digitalSignature: scalar(48, 1), keyAgreement: scalar(48, 2) },
    server: { digitalSignature: scalar(48, 3), keyAgreement: scalar(48, 4) },
  },
} as const;

function scalar(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 37 + seed * 11 + 1) & 0xff);
}

/** Octets that never come again, the same in every run. */
export function counting(): (count: number) => Uint8Array {
  let call = 0;
  return (count) => {
    call++;
    return Uint8Array.from({ length: count }, (_, at) => (at * 13 + call * 7 + 5) & 0xff);
  };
}

export function keysOf(suite: number) {
  const length = suite === 2 ? 32 : 16;
  return {
    encryptionKey: Uint8Array.from({ length }, (_, at) => at),
    authenticationKey: Uint8Array.from({ length }, (_, at) => 0xd0 + at),
    broadcastKey: Uint8Array.from({ length }, (_, at) => 0x0f - at),
  };
}

const masterKeyOf = (suite: number): Uint8Array =>
  Uint8Array.from({ length: suite === 2 ? 32 : 16 }, (_, at) => 0x55 ^ at);

export function peerKeysOf(provider: CryptoProvider, suite: 1 | 2): PeerKeys {
  const curve = suite === 1 ? "P-256" : "P-384";
  const of = (keys: Required<PrivateKeys>) => ({
    "digital-signature": provider.publicKey(curve, keys.digitalSignature),
    "key-agreement": provider.publicKey(curve, keys.keyAgreement),
  });
  const client = of(scalars[suite].client);
  const server = of(scalars[suite].server);
  return {
    publicKey: (title, purpose) => {
      if (String(title) === String(clientTitle)) return client[purpose];
      return String(title) === String(serverTitle) ? server[purpose] : undefined;
    },
  };
}

/** One end with everything that it may have. */
export function end(
  role: "client" | "server",
  provider: CryptoProvider,
  suite: 0 | 1 | 2,
  options: Partial<GeneralOptions> = {},
): GeneralProtection {
  const counters = () => {
    const ledger = new CounterLedger({ start: 5 });
    ledger.reserved(1000);
    return ledger;
  };
  return new GeneralProtection({
    provider,
    suite,
    systemTitle: role === "client" ? clientTitle : serverTitle,
    peerSystemTitle: role === "client" ? serverTitle : clientTitle,
    keys: keysOf(suite),
    masterKey: masterKeyOf(suite),
    counters: counters(),
    replay: new CounterGuard(),
    broadcast: { counters: counters(), replay: new CounterGuard() },
    ...(suite !== 0 && { privateKeys: scalars[suite][role], peerKeys: peerKeysOf(provider, suite) }),
    random: counting(),
    ...options,
  });
}
