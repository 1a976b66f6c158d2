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

/** The keys of a meter that sends pushes. */
export interface PushKeys {
  /** Security suite 0, 1 or 2; 0 by default. */
  readonly suite?: number;
  readonly encryptionKey: Uint8Array;
  /** Without this key, authentication tags are not verified: a push may have been altered (`verified` is false). */
  readonly authenticationKey?: Uint8Array;
  readonly broadcastKey?: Uint8Array;
  readonly masterKey?: Uint8Array;
  readonly privateKeys?: PrivateKeys;
  readonly peerKeys?: PeerKeys;
  /**
   * Also accepts pushes that are encrypted but not authenticated: anybody can alter them in transit and make the accepted counters
   * invalid.
   */
  readonly accept?: readonly "encryption-only"[];
  /** The replay guard of this meter, kept over restarts. By default it starts with the listener. */
  readonly replay?: ReplayGuard;
  /** This end's own counters, for confirmations. They start at 1 by default; this is safe because each start uses a new system title. */
  readonly counters?: CounterSource;
}

export interface OpenedPush {
  readonly apdu: Uint8Array;
  /** The meter's system title, if the APDU contains it. */
  readonly systemTitle: Uint8Array | undefined;
  /** Whether every octet of the APDU was protected by a valid tag or signature. */
  readonly verified: boolean;
  /** Whether the APDU was ciphered or signed. */
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

/** Opens the pushes of meters by their system titles, and protects confirmations. Repeated APDUs are refused. */
export class PushOpener {
  readonly #port: PushKeysPort;
  readonly #known = new Map<string, Known>();

  constructor(port: PushKeysPort) {
    this.#port = port;
  }

  /** `title`: that of the sender, if the APDU does not contain it. Faults of the protections, `unknown-system-title`. */
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

  /** Seals a confirmation for a meter: ciphered and authenticated. */
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
    // A meter has separate keys for each client.
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
