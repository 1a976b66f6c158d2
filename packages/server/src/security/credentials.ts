import { Fault, sameOctets } from "@dlmskit/core";
import { CertificateEntity, CertificateType, refuse } from "@dlmskit/cosem-objects";
import {
  type CryptoProvider,
  type Curve,
  type KeyPair,
  type KeyPurpose,
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
import type { Certificate as CertificateRow, KeyPair as KeyPairRow, SecurityChange, Stored } from "@dlmskit/storage";
import type { Association } from "../meter/association-spec.ts";
import type { Work } from "../runtime/unit-of-work.ts";
import type { Secrets } from "./security-spec.ts";

/** The meter that the credentials belong to. */
export interface CredentialsOwner {
  readonly id: string;
  readonly systemTitle: Uint8Array;
  readonly provider: CryptoProvider;
  readonly random: Random;
  /** The time of the meter's clock, ms since 1970 UTC. It determines which certificates are valid. */
  readonly now: number;
}

/** The usage of a key pair, numbered as in the Security setup: 0 digital signature, 1 key agreement, 2 TLS. */
export type KeyUsage = 0 | 1 | 2;

/** A certificate that the meter holds. */
export interface HeldCertificate {
  readonly certificate: Certificate;
  readonly entity: number;
  readonly type: number;
  /** Whether it is a configured trust anchor, which cannot be removed. */
  readonly anchor: boolean;
}

class OwnKeys {
  readonly #of: (usage: KeyUsage) => Uint8Array | undefined;

  constructor(of: (usage: KeyUsage) => Uint8Array | undefined) {
    this.#of = of;
  }

  get digitalSignature(): Uint8Array {
    return this.#of(0) as Uint8Array;
  }

  get keyAgreement(): Uint8Array {
    return this.#of(1) as Uint8Array;
  }
}

interface Pairs {
  current?: KeyPair;
  pending?: KeyPair;
}

const anchorStatus = "ANCHOR";
const rowTypes = ["DEVICE", "CLIENT", "AUTHORITY", "CLIENT"] as const;
const usages = ["digital-signature", "key-agreement", "tls"] as const;

/**
 * The key pairs and certificates of a Security setup. A change belongs to a unit of work and takes effect when the work is kept. A
 * new key pair is not used before its certificate is imported, if another key pair is already in use.
 */
export class Credentials implements PeerKeys {
  readonly #owner: CredentialsOwner;
  readonly #instanceId: string | undefined;
  readonly #suite: number;
  readonly #curve: Curve | undefined;
  readonly #secrets: Secrets;
  readonly #pairs: [Pairs?, Pairs?, Pairs?] = [];
  #held: readonly HeldCertificate[] | undefined;
  #certified: CertifiedKeys | undefined;
  /** Whether a store has rows of this Security setup: then the rows are used and not the given values. */
  #recorded = false;

  constructor(owner: CredentialsOwner, { security, securitySetup }: Association, secrets: Secrets) {
    this.#owner = owner;
    this.#instanceId = securitySetup;
    this.#suite = security.suite;
    this.#curve = securitySuite(security.suite).curve;
    this.#secrets = secrets;
  }

  /** The current own private keys. */
  get privateKeys(): PrivateKeys {
    return new OwnKeys((usage) => this.#pair(usage)?.privateKey);
  }

  /** A public key of a client, from a certificate that is valid now or as it was given. */
  publicKey(title: Uint8Array, purpose: KeyPurpose): Uint8Array | undefined {
    const certified = this.#all().length === 0 ? undefined : this.#certifiedKeys().publicKey(title, purpose);
    return certified ?? (purpose === "digital-signature" ? this.#secrets.signing?.peerPublicKey : undefined);
  }

  get certificates(): readonly HeldCertificate[] {
    return this.#all();
  }

  #pairsOf(usage: KeyUsage): Pairs {
    this.#pairs[usage] ??= {};
    return this.#pairs[usage];
  }

  #pair(usage: KeyUsage): KeyPair | undefined {
    // Without a curve there is no key. This is the case for most meters.
    if (this.#curve === undefined) return undefined;
    const pairs = this.#pairsOf(usage);
    if (pairs.current === undefined) {
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

  /** All certificates. Those given with the association are parsed at the first use. */
  #all(): readonly HeldCertificate[] {
    this.#held ??= [
      ...(this.#secrets.trustAnchors ?? []).map((der) => this.#describe(parseCertificate(der), true)),
      ...(this.#secrets.certificates ?? []).map((der) => this.#describe(parseCertificate(der), false)),
    ];
    return this.#held;
  }

  #describe(certificate: Certificate, anchor: boolean): HeldCertificate {
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

  #replace(held: readonly HeldCertificate[]): void {
    this.#held = held;
    this.#certified = undefined;
  }

  #needCurve(): Curve {
    if (this.#curve === undefined) throw refuse("other-reason", "security suite 0 has no key pairs");
    return this.#curve;
  }

  /** Generates a key pair. It is used at once if there is no other one, otherwise when its certificate is imported. */
  generate(usage: KeyUsage, work: Work): void {
    const pair = newKeyPair(this.#owner.provider, this.#needCurve(), this.#owner.random);
    const pairs = this.#pairsOf(usage);
    const pending = this.#pair(usage) !== undefined;
    this.#recordGiven(work);
    work.secure(this.#pairChange(usage, pair, pending), () => {
      if (pending) pairs.pending = pair;
      else pairs.current = pair;
    });
  }

  #pairChange(usage: KeyUsage, pair: KeyPair, pending: boolean): SecurityChange | undefined {
    const instanceId = this.#instanceId;
    return instanceId === undefined ? undefined : { change: "key-pair", pair: { instanceId, usage, pending, ...pair } };
  }

  /** The first change also keeps the credentials that were given with the association. From then on the rows are used. */
  #recordGiven(work: Work): void {
    if (this.#recorded) return;
    for (const usage of [0, 1, 2] as const) {
      const pair = this.#pair(usage);
      if (pair !== undefined) work.secure(this.#pairChange(usage, pair, false), () => undefined);
    }
    for (const held of this.#all()) work.secure(this.#certificateChange(held), () => undefined);
    work.secure(undefined, () => {
      this.#recorded = true;
    });
  }

  /** A certificate signing request for the latest key pair, DER. */
  request(usage: KeyUsage): Uint8Array {
    const curve = this.#needCurve();
    const pair = this.#pairsOf(usage).pending ?? this.#pair(usage);
    if (pair === undefined) throw refuse("object-unavailable", "there is no key pair of that usage");
    const { provider, systemTitle } = this.#owner;
    return requestCertificate({ provider, curve, privateKey: pair.privateKey, systemTitle });
  }

  /** Imports a valid certificate. For an invalid one, the Faults of `checkCertificate` give the reason, and nothing is changed. */
  import(der: Uint8Array, work: Work): void {
    this.#needCurve();
    const held = this.#describe(parseCertificate(der), false);
    const { certificate, entity, type } = held;
    const all = this.#all();
    const known = all.some(
      ({ certificate: one }) =>
        sameOctets(one.serialNumber, certificate.serialNumber) && sameOctets(one.issuer, certificate.issuer),
    );
    if (known) throw new Fault("duplicate", "the certificate is already stored", { layer: "security" });
    this.#check(certificate, entity);
    const usage = type as KeyUsage;
    let promoted = false;
    if (entity === CertificateEntity.server) {
      const { pending } = this.#pairsOf(usage);
      promoted = pending !== undefined && sameOctets(pending.publicKey, certificate.publicKey);
      const current = this.#pair(usage);
      if (!promoted && (current === undefined || !sameOctets(current.publicKey, certificate.publicKey))) {
        throw new Fault("wrong-key", "the meter does not have the private key of the certificate", {
          layer: "security",
        });
      }
    }
    const instanceId = this.#instanceId;
    this.#recordGiven(work);
    if (promoted && instanceId !== undefined) {
      work.secure({ change: "promote-key-pair", instanceId, usage }, () => this.#promote(usage));
    }
    work.secure(this.#certificateChange(held), () => this.#replace([...this.#all(), held]));
  }

  #promote(usage: KeyUsage): void {
    const pairs = this.#pairsOf(usage);
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
      throw new Fault("wrong-usage", "the certificate has no DLMS usage", { layer: "security" });
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
      throw new Fault("wrong-subject", "the subject is not a system title", { layer: "security" });
    }
  }

  /** The certificate of an entity. If there are several, the valid one that ends last, so that the old one is used until its renewal. */
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

  /** Removes a certificate. Trust anchors are not removed. */
  remove(held: HeldCertificate, work: Work): void {
    if (held.anchor) throw refuse("read-write-denied", "a client cannot remove a trust anchor");
    const { serialNumber, issuer } = held.certificate;
    const instanceId = this.#instanceId;
    this.#recordGiven(work);
    work.secure(
      instanceId === undefined ? undefined : { change: "remove-certificate", instanceId, serialNumber, issuer },
      () => this.#replace(this.#all().filter(({ certificate }) => certificate !== held.certificate)),
    );
  }

  /** Takes the rows of a store, if it has any for this Security setup. Faults of `parseCertificate`. */
  load(keyPairs: readonly KeyPairRow[], certificates: readonly Stored<CertificateRow>[]): void {
    const instanceId = this.#instanceId;
    if (this.#curve === undefined || instanceId === undefined) return;
    const pairs = keyPairs.filter((one) => one.instanceId === instanceId);
    const rows = certificates.filter((one) => one.instanceId === instanceId);
    if (pairs.length === 0 && rows.length === 0) return;
    this.#recorded = true;
    for (const { usage, pending, privateKey, publicKey } of pairs) {
      this.#pairsOf(usage as KeyUsage)[pending ? "pending" : "current"] = { privateKey, publicKey };
    }
    this.#replace(
      rows.map((row) => this.#describe(parseCertificate(row.certificateData), row.status === anchorStatus)),
    );
  }

  #certificateChange({ certificate, entity, type, anchor }: HeldCertificate): SecurityChange | undefined {
    const instanceId = this.#instanceId;
    if (instanceId === undefined) return undefined;
    const { serialNumber, issuer, systemTitle, der, notBefore, notAfter } = certificate;
    return {
      change: "add-certificate",
      certificate: {
        ...{ instanceId, certificateEntity: entity, certificateUsage: type, serialNumber, issuer },
        ...(systemTitle && { systemTitle }),
        // The store knows the id of the meter's row and fills it in for a certificate of the meter.
        ...{ entityId: 0, certificateType: rowTypes[entity] ?? "CLIENT", certificateData: der },
        ...{ validFrom: notBefore, validUntil: notAfter, status: anchor ? anchorStatus : "VALID" },
      },
    };
  }
}

/** The usage with a number; undefined for a number without a usage. */
export function keyUsageOf(number: number): KeyUsage | undefined {
  return usages[number] === undefined ? undefined : (number as KeyUsage);
}
