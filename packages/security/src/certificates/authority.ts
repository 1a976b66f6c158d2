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

/** From when until when, in ms since 1970, UTC; seconds count. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The profile of an end entity: one purpose a certificate, and both with both purposes of TLS. Green Book 9.2.6.4. */
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

/** What an authority works with. */
interface Signer {
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly curve: Curve;
  readonly privateKey: Uint8Array;
}

/** SHA-1 of the public key: the method that all tools use. RFC 5280 4.2.1.2. */
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
    // Written here, where no clock and no time zone is: the class of the library would take a Date.
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
 * A certification authority for tests and fleets of simulated meters: a root, authorities below it, and what they issue.
 * It keeps its private key in memory and shows it nowhere.
 */
export class CertificateAuthority {
  readonly certificate: Certificate;
  readonly #signer: Signer;
  readonly #name: RelativeDistinguishedNames;
  readonly #keyIdentifier: Uint8Array;

  /** One that exists: its certificate and its private key. Fault `bad-private-key` where they do not belong together. */
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

  /** A new root, signed by itself. Unless its key is given, to be kept elsewhere too, it makes one. Fault `bad-random`. */
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

  /** A new authority below this one, for end entities alone unless `pathLength` says more. Its key likewise, on `curve`. */
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
   * A certificate for a meter or a client, for its public key (of a request, for example). The subject is the system title;
   * what else a request asked for is not looked at. Faults `bad-system-title`, `bad-random`.
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

  /** The list of what this authority has revoked, in DER, valid from `thisUpdate` until `nextUpdate` (ms since 1970, UTC). */
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
