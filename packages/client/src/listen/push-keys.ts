import { Fault, type LinkAddress, toHex } from "@dlmskit/core";
import {
  CounterGuard,
  type CounterSource,
  type CryptoProvider,
  GeneralProtection,
  type LayerProtections,
  MemoryKeyGuards,
  openLayers,
  openUnverified,
  type PeerKeys,
  type PrivateKeys,
  Protection,
  type Random,
  type ReplayGuard,
  sealLayers,
  senderTitleIn,
} from "@dlmskit/security";

/** The keys of a meter that pushes. */
export interface PushKeys {
  /** Security suite 0, 1 or 2; 0 by default. */
  readonly suite?: number;
  readonly encryptionKey: Uint8Array;
  /** Without it tags are not verified: a push may have been altered (`verified` is false). */
  readonly authenticationKey?: Uint8Array;
  readonly broadcastKey?: Uint8Array;
  readonly masterKey?: Uint8Array;
  readonly privateKeys?: PrivateKeys;
  readonly peerKeys?: PeerKeys;
  /** Takes what is encrypted and not authenticated, too: anybody can alter it on its way, and spoil the counters that are accepted. */
  readonly accept?: readonly "encryption-only"[];
  /** What was accepted of this meter before, to survive a restart; since the listener began unless given. */
  readonly replay?: ReplayGuard;
  /** This end's own counters, for confirmations; from 1 on unless given, which this end's own title of each start makes safe. */
  readonly counters?: CounterSource;
}

export interface OpenedPush {
  readonly apdu: Uint8Array;
  /** The meter's, where the APDU told it. */
  readonly systemTitle: Uint8Array | undefined;
  /** Whether every octet of the APDU was under a tag or a signature that is right. */
  readonly verified: boolean;
  /** Whether it was ciphered or signed. */
  readonly ciphered: boolean;
}

export interface PushKeysPort {
  readonly provider: CryptoProvider;
  readonly random: Random;
  /** This end's own system title. */
  readonly systemTitle: Uint8Array;
  keysOf(systemTitle: Uint8Array, address: LinkAddress): PushKeys | undefined;
}

interface Known {
  readonly keys: PushKeys;
  readonly protections: LayerProtections;
}

const firstCiphered = 0xc8;
const cipheredReport = 0x38;

const isPlain = (tag: number | undefined): boolean =>
  tag !== undefined && tag < firstCiphered && tag !== cipheredReport;

/** Counters from 1 on. */
function ownCounters(): CounterSource {
  let last = 0;
  return {
    get remaining() {
      return 0xffffffff - last;
    },
    next: () => ++last,
  };
}

/** Opens what meters push, by their system titles, and protects confirmations. What came before is refused. */
export class PushOpener {
  readonly #port: PushKeysPort;
  readonly #known = new Map<string, Known>();

  constructor(port: PushKeysPort) {
    this.#port = port;
  }

  /** `title`: of the sender, where the APDU does not tell it. Faults of the protections, `unknown-system-title`. */
  open(pdu: Uint8Array, address: LinkAddress, title: Uint8Array | undefined): OpenedPush {
    const tag = pdu[0];
    if (isPlain(tag)) return { apdu: pdu, systemTitle: title, verified: false, ciphered: false };
    const systemTitle = senderTitleIn(pdu) ?? title;
    if (systemTitle === undefined) {
      throw new Fault("unknown-system-title", "a ciphered push has no system title of its sender", {
        layer: "security",
      });
    }
    const known = this.#keys(systemTitle, address);
    if (known.keys.authenticationKey === undefined) {
      const { encryptionKey } = known.keys;
      const apdu = openUnverified(pdu, { provider: this.#port.provider, encryptionKey, systemTitle });
      return { apdu, systemTitle, verified: false, ciphered: true };
    }
    const { apdu, protection } = openLayers(pdu, known.protections);
    const verified = protection.authenticated || protection.signed;
    return { apdu, systemTitle, verified, ciphered: true };
  }

  /** A confirmation for a meter, ciphered and authenticated. */
  seal(apdu: Uint8Array, systemTitle: Uint8Array, address: LinkAddress): Uint8Array {
    const { protections } = this.#keys(systemTitle, address);
    return sealLayers(apdu, [{ form: "general-glo", authenticated: true, encrypted: true }], protections);
  }

  #keys(systemTitle: Uint8Array, address: LinkAddress): Known {
    const name = toHex(systemTitle);
    const keys = this.#port.keysOf(systemTitle, address);
    if (keys === undefined) {
      throw new Fault("unknown-system-title", `the keys of the meter ${name} are not known`, {
        layer: "security",
        hint: "give the keys for this system title",
      });
    }
    // A meter has keys of its own for each client.
    const ofKey = `${name} ${toHex(keys.encryptionKey)}`;
    const before = this.#known.get(ofKey);
    if (before !== undefined) return before;
    const known = { keys, protections: this.#protections(keys, systemTitle) };
    this.#known.set(ofKey, known);
    return known;
  }

  #protections(keys: PushKeys, peerSystemTitle: Uint8Array): LayerProtections {
    const { provider, random, systemTitle } = this.#port;
    const { encryptionKey, broadcastKey, masterKey, privateKeys, peerKeys } = keys;
    const authenticationKey = keys.authenticationKey ?? new Uint8Array(encryptionKey.length);
    const common = {
      ...{ provider, systemTitle, peerSystemTitle, suite: keys.suite ?? 0 },
      keys: { encryptionKey, authenticationKey, ...(broadcastKey && { broadcastKey }) },
      counters: keys.counters ?? ownCounters(),
      replay: keys.replay ?? new CounterGuard(),
      ...(broadcastKey && { broadcast: { replay: new CounterGuard() } }),
      ...(keys.accept && { accept: keys.accept }),
    };
    return {
      association: new Protection(common),
      general: new GeneralProtection({
        ...{ ...common, random, guards: new MemoryKeyGuards() },
        ...(masterKey && { masterKey }),
        ...(privateKeys && { privateKeys }),
        ...(peerKeys && { peerKeys }),
      }),
    };
  }
}
