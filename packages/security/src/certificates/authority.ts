import { sameOctets } from "@dlmskit/core";
import { Integer } from "asn1js";
import { Certificate as CertificateBlock, RelativeDistinguishedNames, type Time } from "pkijs";
import { fresh } from "../challenges.ts";
import { type KeyPair, newKeyPair } from "../key-agreement.ts";
import type { CryptoProvider, Curve, Random } from "../provider.ts";
import { refusal } from "../refusal.ts";
import { positive, signatureAlgorithm, signedDer, timeOf, toDer } from "./asn1.ts";
import { type Certificate, type CertificateUsage, parseCertificate } from "./certificate.ts";
import { clientAuth, type KeyUsageName, serverAuth, writeExtensions } from "./extensions.ts";
import { commonNameOf, nameOf } from "./names.ts";
import { publicKeyInfo } from "./request.ts";
import { type Revocation, writeRevocationList } from "./revocation.ts";

/** The validity period, in ms since 1970, UTC, with a resolution of seconds. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * The profiles of end entities. Each certificate has one purpose, except `tls`: it has both key usages and both TLS purposes. Green
 * Book 9.2.6.4.
 */
const profiles = {
  "digital-signature": { keyUsage: ["digitalSignature"], extendedKeyUsage: [] },
  "key-agreement": { keyUsage: ["keyAgreement"], extendedKeyUsage: [] },
  tls: { keyUsage: ["digitalSignature", "keyAgreement"], extendedKeyUsage: [serverAuth, clientAuth] },
} as const satisfies Record<
  CertificateUsage,
  { readonly keyUsage: readonly KeyUsageName[]; readonly extendedKeyUsage: readonly string[] }
>;

interface Contents extends Validity {
  readonly subject: string;
  readonly curve: Curve;
  readonly publicKey: Uint8Array;
  readonly keyUsage: readonly KeyUsageName[];
  readonly extendedKeyUsage: readonly string[];
  readonly authority?: { readonly pathLength?: number };
}

/** The provider, curve and keys of an authority. */
interface Signer {
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly curve: Curve;
  readonly privateKey: Uint8Array;
}

/** SHA-1 of the public key, the method that all tools use. RFC 5280 4.2.1.2. */
function keyIdentifier(provider: CryptoProvider, publicKey: Uint8Array): Uint8Array {
  const point = new Uint8Array(publicKey.length + 1);
  point[0] = 0x04;
  point.set(publicKey, 1);
  return provider.hash("sha1", point);
}

function sign(signer: Signer, issuer: RelativeDistinguishedNames, issuerKey: Uint8Array, contents: Contents) {
  const { provider, curve, privateKey } = signer;
  const serial = positive(fresh(signer.random, 16));
  const block = new CertificateBlock({
    version: 2,
    serialNumber: new Integer({ valueHex: serial.slice().buffer as ArrayBuffer }),
    signature: signatureAlgorithm(curve),
    issuer,
    // The time is encoded here without a time zone, because the class of the library needs a Date.
    notBefore: timeOf(contents.notBefore) as unknown as Time,
    notAfter: timeOf(contents.notAfter) as unknown as Time,
    subject: nameOf(contents.subject),
    subjectPublicKeyInfo: publicKeyInfo(contents.curve, contents.publicKey),
    extensions: writeExtensions({
      ...contents,
      subjectKeyIdentifier: keyIdentifier(provider, contents.publicKey),
      authorityKeyIdentifier: issuerKey,
    }),
    signatureAlgorithm: signatureAlgorithm(curve),
  });
  const [signed] = block.toSchema(true).valueBlock.value;
  const octets = toDer(signed as never);
  return parseCertificate(signedDer(octets, curve, provider.ecdsaSign(curve, privateKey, octets)));
}

/**
 * A certification authority for tests and fleets of simulated meters: a root, authorities below it, and the certificates that they
 * issue. It keeps its private key in memory and does not show it.
 */
export class CertificateAuthority {
  readonly certificate: Certificate;
  readonly #signer: Signer;
  readonly #name: RelativeDistinguishedNames;
  readonly #keyIdentifier: Uint8Array;

  /** An existing authority: its certificate and its private key. Fault `bad-private-key` if they do not belong together. */
  constructor(options: {
    readonly provider: CryptoProvider;
    readonly random: Random;
    readonly certificate: Certificate;
    readonly privateKey: Uint8Array;
  }) {
    const { provider, random, certificate } = options;
    const { curve } = certificate;
    const privateKey = options.privateKey.slice();
    if (!sameOctets(provider.publicKey(curve, privateKey), certificate.publicKey)) {
      throw refusal("bad-private-key", "the private key is not that of the certificate");
    }
    this.certificate = certificate;
    this.#signer = { provider, random, curve, privateKey };
    this.#name = RelativeDistinguishedNames.fromBER(certificate.subject.slice());
    this.#keyIdentifier = certificate.subjectKeyIdentifier ?? keyIdentifier(provider, certificate.publicKey);
  }

  /**
   * Creates a root authority with a self-signed certificate. It generates a key by default. Give a key if you also store it. Fault
   * `bad-random`.
   */
  static root(
    options: Validity & {
      readonly provider: CryptoProvider;
      readonly random: Random;
      readonly curve: Curve;
      readonly name: string;
      readonly keyPair?: KeyPair;
    },
  ): CertificateAuthority {
    const { provider, random, curve, name, notBefore, notAfter } = options;
    const { privateKey, publicKey } = options.keyPair ?? newKeyPair(provider, curve, random);
    const certificate = sign(
      { provider, random, curve, privateKey },
      nameOf(name),
      keyIdentifier(provider, publicKey),
      {
        ...{ notBefore, notAfter, curve, publicKey },
        subject: name,
        keyUsage: ["keyCertSign", "cRLSign"],
        extendedKeyUsage: [],
        authority: {},
      },
    );
    return new CertificateAuthority({ provider, random, certificate, privateKey });
  }

  /**
   * Creates an authority below this one, on `curve`. By default it can issue only to end entities (see `pathLength`). Its key is as
   * for `root`.
   */
  subordinate(
    options: Validity & {
      readonly name: string;
      readonly curve?: Curve;
      readonly pathLength?: number;
      readonly keyPair?: KeyPair;
    },
  ): CertificateAuthority {
    const { provider, random } = this.#signer;
    const { name, notBefore, notAfter, curve = this.#signer.curve, pathLength = 0 } = options;
    const { privateKey, publicKey } = options.keyPair ?? newKeyPair(provider, curve, random);
    const certificate = this.#issue({
      ...{ notBefore, notAfter, curve, publicKey },
      subject: name,
      keyUsage: ["keyCertSign", "cRLSign"],
      extendedKeyUsage: [],
      authority: { pathLength },
    });
    return new CertificateAuthority({ provider, random, certificate, privateKey });
  }

  /**
   * Issues a certificate for the public key of a meter or a client (from a request, for example). The subject is the system title.
   * Other contents of a request are ignored. Faults `bad-system-title`, `bad-random`.
   */
  issue(
    options: Validity & {
      readonly systemTitle: Uint8Array;
      readonly curve: Curve;
      readonly publicKey: Uint8Array;
      readonly usage: CertificateUsage;
    },
  ): Certificate {
    const { notBefore, notAfter, curve, publicKey } = options;
    return this.#issue({
      ...{ notBefore, notAfter, curve, publicKey },
      subject: commonNameOf(options.systemTitle),
      ...profiles[options.usage],
    });
  }

  /** The revocation list of this authority, in DER, valid from `thisUpdate` until `nextUpdate` (ms since 1970, UTC). */
  revocationList(options: {
    readonly revoked: readonly Revocation[];
    readonly thisUpdate: number;
    readonly nextUpdate: number;
    readonly number: number;
  }): Uint8Array {
    return writeRevocationList({
      ...options,
      ...this.#signer,
      issuer: this.#name,
      keyIdentifier: this.#keyIdentifier,
    });
  }

  #issue(contents: Contents): Certificate {
    return sign(this.#signer, this.#name, this.#keyIdentifier, contents);
  }
}
