import { Fault, sameOctets } from "@dlmskit/core";
import { CertificateEntity, CertificateType, refuse } from "@dlmskit/cosem-objects";
import {
  type CryptoProvider,
  type Curve,
  type KeyPair,
  newKeyPair,
  type PeerKeys,
  type PrivateKeys,
  type Random,
  securitySuite,
} from "@dlmskit/security";
import {
  type Certificate,
  CertifiedKeys,
  checkCertificate,
  parseCertificate,
  requestCertificate,
  usageOf,
} from "@dlmskit/security/certificates";
import type { Association } from "./association-spec.ts";
import type { Secrets } from "./security-spec.ts";
import type { MeterStore } from "./store-port.ts";

/** The meter that credentials are of. */
export interface CredentialsOwner {
  readonly id: string;
  readonly systemTitle: Uint8Array;
  readonly provider: CryptoProvider;
  readonly random: Random;
  /** The meter's clock, ms since 1970 UTC: what is valid by it counts. */
  readonly now: number;
}

/** What a key pair is for, as the Security setup numbers it: 0 digital signature, 1 key agreement, 2 TLS. */
export type KeyUsage = 0 | 1 | 2;

/** A certificate that the meter holds. */
export interface HeldCertificate {
  readonly certificate: Certificate;
  readonly entity: number;
  readonly type: number;
  /** Trusted because a person said so: stays. */
  readonly anchor: boolean;
}

interface Held extends HeldCertificate {
  readonly id?: number;
}

interface Pairs {
  current?: KeyPair;
  pending?: KeyPair;
}

const anchorStatus = "ANCHOR";
const rowTypes = ["DEVICE", "CLIENT", "AUTHORITY", "CLIENT"] as const;
const usages = ["digital-signature", "key-agreement", "tls"] as const;

/**
 * The key pairs and certificates of a Security setup. With a store, what changes is durable before it holds. A new key pair
 * waits for its certificate when there is one in use already.
 */
export class Credentials {
  readonly #owner: CredentialsOwner;
  readonly #instanceId: string | undefined;
  readonly #suite: number;
  readonly #curve: Curve | undefined;
  readonly #secrets: Secrets;
  readonly #pairs: readonly [Pairs, Pairs, Pairs] = [{}, {}, {}];
  #held: readonly Held[] | undefined;
  #certified: CertifiedKeys | undefined;
  #store: MeterStore | undefined;

  constructor(owner: CredentialsOwner, { security, securitySetup }: Association, secrets: Secrets) {
    this.#owner = owner;
    this.#instanceId = securitySetup;
    this.#suite = security.suite;
    this.#curve = securitySuite(security.suite).curve;
    this.#secrets = secrets;
  }

  /** Own private keys, as they are at each moment. */
  get privateKeys(): PrivateKeys {
    const pair = (usage: KeyUsage) => this.#pair(usage)?.privateKey as Uint8Array;
    return {
      get digitalSignature() {
        return pair(0);
      },
      get keyAgreement() {
        return pair(1);
      },
    };
  }

  /** Public keys of clients, out of certificates that are valid now, or as they were handed over. */
  readonly peerKeys: PeerKeys = {
    publicKey: (title, purpose) => {
      const certified = this.#certifiedKeys().publicKey(title, purpose);
      return certified ?? (purpose === "digital-signature" ? this.#secrets.signing?.peerPublicKey : undefined);
    },
  };

  get certificates(): readonly HeldCertificate[] {
    return this.#all();
  }

  #pair(usage: KeyUsage): KeyPair | undefined {
    const pairs = this.#pairs[usage];
    if (pairs.current === undefined && this.#curve !== undefined) {
      const { privateKeys, signing } = this.#secrets;
      const given = [privateKeys?.digitalSignature ?? signing?.privateKey, privateKeys?.keyAgreement, privateKeys?.tls][
        usage
      ];
      if (given !== undefined) {
        pairs.current = { privateKey: given, publicKey: this.#owner.provider.publicKey(this.#curve, given) };
      }
    }
    return pairs.current;
  }

  /** What was given with the association is read when it is first needed. */
  #all(): readonly Held[] {
    this.#held ??= [
      ...(this.#secrets.trustAnchors ?? []).map((der) => this.#describe(parseCertificate(der), true)),
      ...(this.#secrets.certificates ?? []).map((der) => this.#describe(parseCertificate(der), false)),
    ];
    return this.#held;
  }

  #describe(certificate: Certificate, anchor: boolean): Held {
    const usage = usageOf(certificate);
    const { systemTitle, authority } = certificate;
    const entity =
      authority !== undefined
        ? CertificateEntity["certification-authority"]
        : systemTitle === undefined
          ? CertificateEntity.other
          : sameOctets(systemTitle, this.#owner.systemTitle)
            ? CertificateEntity.server
            : CertificateEntity.client;
    return { certificate, entity, type: usage === undefined ? CertificateType.other : CertificateType[usage], anchor };
  }

  #certifiedKeys(): CertifiedKeys {
    this.#certified ??= new CertifiedKeys(
      () => this.#owner.now,
      this.#all()
        .filter(({ entity }) => entity === CertificateEntity.client)
        .map(({ certificate }) => certificate),
    );
    return this.#certified;
  }

  #replace(held: readonly Held[]): void {
    this.#held = held;
    this.#certified = undefined;
  }

  #needCurve(): Curve {
    if (this.#curve === undefined) throw refuse("other-reason", "security suite 0 has no key pairs");
    return this.#curve;
  }

  /** A new key pair: it is used at once where there is none, else when its certificate is imported. */
  generate(usage: KeyUsage): Promise<void> | undefined {
    const pair = newKeyPair(this.#owner.provider, this.#needCurve(), this.#owner.random);
    const pairs = this.#pairs[usage];
    const pending = this.#pair(usage) !== undefined;
    const take = (): void => {
      if (pending) pairs.pending = pair;
      else pairs.current = pair;
    };
    const row = this.#row(usage, pair, pending);
    if (row === undefined) return void take();
    return this.#store?.keyPairs?.put([row]).then(take);
  }

  #row(usage: KeyUsage, pair: KeyPair, pending: boolean) {
    if (this.#store?.keyPairs === undefined || this.#instanceId === undefined) return undefined;
    return { meterId: this.#owner.id, instanceId: this.#instanceId, usage, pending, ...pair };
  }

  /** A certificate signing request for the key pair that was made last, DER. */
  request(usage: KeyUsage): Uint8Array {
    const curve = this.#needCurve();
    const pair = this.#pairs[usage].pending ?? this.#pair(usage);
    if (pair === undefined) throw refuse("object-unavailable", "there is no key pair of that usage");
    const { provider, systemTitle } = this.#owner;
    return requestCertificate({ provider, curve, privateKey: pair.privateKey, systemTitle });
  }

  /** Takes a certificate that all is right with. The Faults of `checkCertificate` say what is not; nothing has changed then. */
  import(der: Uint8Array): Promise<void> | undefined {
    this.#needCurve();
    const held = this.#describe(parseCertificate(der), false);
    const { certificate, entity, type } = held;
    const all = this.#all();
    const known = all.some(
      ({ certificate: one }) =>
        sameOctets(one.serialNumber, certificate.serialNumber) && sameOctets(one.issuer, certificate.issuer),
    );
    if (known) throw new Fault("duplicate", "the certificate is there already", { layer: "security" });
    this.#check(certificate, entity);
    const usage = type as KeyUsage;
    let promoted = false;
    if (entity === CertificateEntity.server) {
      const { pending } = this.#pairs[usage];
      promoted = pending !== undefined && sameOctets(pending.publicKey, certificate.publicKey);
      const current = this.#pair(usage);
      if (!promoted && (current === undefined || !sameOctets(current.publicKey, certificate.publicKey))) {
        throw new Fault("wrong-key", "the certificate is of a key that the meter has not", { layer: "security" });
      }
    }
    const take = (kept: Held): void => {
      this.#replace([...all, kept]);
      if (promoted) this.#promote(usage);
    };
    const { id: meterId } = this.#owner;
    const store = this.#store;
    if (store?.certificates === undefined || this.#instanceId === undefined) return void take(held);
    const instanceId = this.#instanceId;
    return (async () => {
      const id = await this.#keep(store, instanceId, held);
      // A crash in between: the key pair is found to be that of the certificate when it is loaded.
      if (promoted) await store.keyPairs?.promote({ meterId, instanceId, usage });
      take({ ...held, id });
    })();
  }

  #promote(usage: KeyUsage): void {
    const pairs = this.#pairs[usage];
    if (pairs.pending === undefined) return;
    pairs.current = pairs.pending;
    delete pairs.pending;
  }

  #check(certificate: Certificate, entity: number): void {
    const all = this.#all();
    const { provider, now, systemTitle } = this.#owner;
    const authorities = all.filter(({ entity: one }) => one === CertificateEntity["certification-authority"]);
    const authority = entity === CertificateEntity["certification-authority"];
    const usage = usageOf(certificate);
    if (!authority && usage === undefined) {
      throw new Fault("wrong-usage", "the certificate is for nothing of DLMS", { layer: "security" });
    }
    checkCertificate({
      provider,
      certificate,
      anchors: authorities.filter(({ anchor }) => anchor).map((one) => one.certificate),
      authorities: authorities.map((one) => one.certificate),
      at: now,
      suite: this.#suite,
      ...(authority ? { usage: "authority" as const } : { usage: usage as NonNullable<typeof usage> }),
      ...(entity === CertificateEntity.server ? { systemTitle } : {}),
    });
    if (entity === CertificateEntity.other) {
      throw new Fault("wrong-subject", "the subject is no system title", { layer: "security" });
    }
  }

  /** The certificate of an entity: of several the valid one that ends last, so that the old one serves until it is renewed. */
  byEntity(entity: number, type: number, systemTitle: Uint8Array): HeldCertificate | undefined {
    const { now } = this.#owner;
    const fits = this.#all().filter(
      (one) =>
        one.entity === entity &&
        one.type === type &&
        (entity === CertificateEntity["certification-authority"] ||
          sameOctets(one.certificate.systemTitle ?? systemTitle, systemTitle)),
    );
    const valid = fits.filter(({ certificate: { notBefore, notAfter } }) => notBefore <= now && now < notAfter + 1000);
    return (valid.length > 0 ? valid : fits).toSorted((a, b) => b.certificate.notAfter - a.certificate.notAfter)[0];
  }

  bySerial(serialNumber: Uint8Array, issuer: Uint8Array): HeldCertificate | undefined {
    return this.#all().find(
      ({ certificate }) => sameOctets(certificate.serialNumber, serialNumber) && sameOctets(certificate.issuer, issuer),
    );
  }

  /** Takes a certificate away. What is trusted stays. */
  remove(held: HeldCertificate): Promise<void> | undefined {
    if (held.anchor) throw refuse("read-write-denied", "a trust anchor is not removed by a client");
    const all = this.#all();
    const take = (): void => this.#replace(all.filter((one) => one !== held));
    const { id } = held as Held;
    const { certificates } = this.#store ?? {};
    if (certificates === undefined || id === undefined) return void take();
    return certificates.remove(id).then(take);
  }

  /** Takes what the store has; what was given with the association is put there once. Faults of the store. */
  async load(store: MeterStore): Promise<void> {
    const instanceId = this.#instanceId;
    this.#store = store;
    const { keyPairs, certificates } = store;
    if (this.#curve === undefined || instanceId === undefined) return;
    if (keyPairs === undefined || certificates === undefined) return;
    const { id: meterId } = this.#owner;
    const pairs = (await keyPairs.of(meterId)).filter((one) => one.instanceId === instanceId);
    const rows = await certificates.find({ meterId, instanceId });
    if (pairs.length === 0 && rows.length === 0) {
      const given = ([0, 1, 2] as const).flatMap((usage) => {
        const pair = this.#pair(usage);
        const row = pair && this.#row(usage, pair, false);
        return row === undefined ? [] : [row];
      });
      await keyPairs.putIfAbsent(given);
      const held: Held[] = [];
      for (const one of this.#all()) held.push({ ...one, id: await this.#keep(store, instanceId, one) });
      this.#replace(held);
      return;
    }
    for (const { usage, pending, privateKey, publicKey } of pairs) {
      this.#pairs[usage as KeyUsage][pending ? "pending" : "current"] = { privateKey, publicKey };
    }
    const held = rows.map(
      (row): Held => ({
        ...this.#describe(parseCertificate(row.certificateData), row.status === anchorStatus),
        id: row.id,
      }),
    );
    this.#replace(held);
    for (const usage of [0, 1, 2] as const) {
      const { pending } = this.#pairs[usage];
      const own = held.some(
        ({ certificate, entity }) =>
          entity === CertificateEntity.server &&
          pending !== undefined &&
          sameOctets(certificate.publicKey, pending.publicKey),
      );
      if (!own) continue;
      await keyPairs.promote({ meterId, instanceId, usage });
      this.#promote(usage);
    }
  }

  async #keep(store: MeterStore, instanceId: string, { certificate, entity, type, anchor }: Held): Promise<number> {
    const { certificates, meters } = store;
    if (certificates === undefined) throw new Fault("no-store", "the store keeps no certificates", { layer: "server" });
    const { id: meterId } = this.#owner;
    const { serialNumber, issuer, systemTitle, der, notBefore, notAfter } = certificate;
    const certificateType = rowTypes[entity] ?? "CLIENT";
    const entityId = certificateType === "DEVICE" ? ((await meters.get(meterId))?.id ?? 0) : 0;
    return certificates.add({
      ...{ meterId, instanceId, certificateEntity: entity, certificateUsage: type, serialNumber, issuer },
      ...(systemTitle && { systemTitle }),
      ...{ entityId, certificateType, certificateData: der, validFrom: notBefore, validUntil: notAfter },
      status: anchor ? anchorStatus : "VALID",
    });
  }
}

/** The usage of a number; undefined for one that is none. */
export function keyUsageOf(number: number): KeyUsage | undefined {
  return usages[number] === undefined ? undefined : (number as KeyUsage);
}
