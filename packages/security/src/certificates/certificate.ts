import { sameOctets, toHex } from "@dlmskit/core";
import { Certificate as CertificateBlock, type PublicKeyInfo } from "pkijs";
import { scalarLength } from "../checks.ts";
import type { Curve } from "../provider.ts";
import { systemTitleLength } from "../system-title.ts";
import { checkDer, curveOfKey, parseDer, rawSignature, refused, signatureCurve } from "./asn1.ts";
import { clientAuth, type ExtensionValues, type KeyUsageName, readExtensions, serverAuth } from "./extensions.ts";
import { nameParts, titleOf } from "./names.ts";
import { derOf, toPem } from "./pem.ts";

/** The contents of an X.509 certificate of version 3 with an EC key. Only the form is checked. */
export interface Certificate extends Omit<ExtensionValues, "hardwareSerial"> {
  readonly der: Uint8Array;
  /** The octets of the INTEGER. */
  readonly serialNumber: Uint8Array;
  /** The Names in DER, and as text for people. */
  readonly issuer: Uint8Array;
  readonly issuerName: string;
  readonly subject: Uint8Array;
  readonly subjectName: string;
  /** The common name, if it is 16 hexadecimal digits. For an empty subject: the hardware serial number of 8 octets. */
  readonly systemTitle?: Uint8Array;
  /** Instants, in ms since 1970, UTC. Both are inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly curve: Curve;
  /** x ‖ y. Whether it is on the curve is checked when it is used. */
  readonly publicKey: Uint8Array;
  /** The signed octets, the curve of the signing key, and the signature r ‖ s. */
  readonly signed: Uint8Array;
  readonly signatureCurve: Curve;
  readonly signature: Uint8Array;
}

/** x ‖ y of an uncompressed key. Refused as `wrong-curve`, `bad-public-key`. */
export function readPublicKey(info: PublicKeyInfo): { curve: Curve; publicKey: Uint8Array } {
  const curve = curveOfKey(info.algorithm);
  const point = info.subjectPublicKey.valueBlock.valueHexView;
  if (point[0] !== 0x04 || point.length !== 1 + scalarLength[curve] * 2) {
    throw refused("bad-public-key", "the public key is not an uncompressed point");
  }
  return { curve, publicKey: point.slice(1) };
}

/** A certificate, DER or PEM. Faults `bad-certificate`, `bad-pem`, `wrong-curve` (not P-256 or P-384), `bad-public-key`. */
export function parseCertificate(file: Uint8Array): Certificate {
  const der = derOf(file, "CERTIFICATE");
  return parseDer("bad-certificate", "a certificate", der, (schema) => {
    const block = new CertificateBlock({ schema });
    if (block.version !== 2) throw new Error(`version ${block.version + 1}, not 3`);
    if (block.signature.algorithmId !== block.signatureAlgorithm.algorithmId) {
      throw new Error("the certificate names two different signature algorithms");
    }
    const { hardwareSerial, ...extensions } = readExtensions(block.extensions ?? []);
    const issuer = nameParts(block.issuer);
    const subject = nameParts(block.subject);
    const serialTitle =
      subject.text === "" && hardwareSerial?.length === systemTitleLength ? hardwareSerial : undefined;
    const systemTitle = titleOf(subject) ?? serialTitle;
    const signedBy = signatureCurve(block.signatureAlgorithm);
    const signed = block.tbsView.slice();
    const signature = rawSignature(signedBy, block.signatureValue.valueBlock.valueHexView);
    checkDer(der, signed, signedBy, signature);
    return {
      der: der.slice(),
      serialNumber: block.serialNumber.valueBlock.valueHexView.slice(),
      issuer: issuer.der,
      issuerName: issuer.text,
      subject: subject.der,
      subjectName: subject.text,
      ...(systemTitle && { systemTitle }),
      notBefore: block.notBefore.value.getTime(),
      notAfter: block.notAfter.value.getTime(),
      ...readPublicKey(block.subjectPublicKeyInfo),
      ...extensions,
      signed,
      signatureCurve: signedBy,
      signature,
    };
  });
}

/** The PEM of a certificate. */
export function certificatePem(certificate: Certificate): string {
  return toPem("CERTIFICATE", certificate.der);
}

/** The usage of a certificate, as in the Security setup. Undefined for a certificate with no such usage. */
export type CertificateUsage = "digital-signature" | "key-agreement" | "tls";

const signing: KeyUsageName = "digitalSignature";
const agreeing: KeyUsageName = "keyAgreement";

/** The usage from key usage and extended key usage. It is TLS if a TLS purpose is present. Undefined for an authority's certificate. */
export function usageOf(certificate: Certificate): CertificateUsage | undefined {
  const { keyUsage, extendedKeyUsage, authority } = certificate;
  if (authority !== undefined) return undefined;
  if (extendedKeyUsage.length > 0) {
    const tls = extendedKeyUsage.includes(serverAuth) || extendedKeyUsage.includes(clientAuth);
    return tls && keyUsage.includes(signing) ? "tls" : undefined;
  }
  if (keyUsage.includes(signing)) return keyUsage.includes(agreeing) ? "tls" : "digital-signature";
  return keyUsage.includes(agreeing) ? "key-agreement" : undefined;
}

/** The fields of a certificate that a program prints: names, hexadecimal digits, instants in ms. */
export function describeCertificate(certificate: Certificate): {
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly systemTitle?: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly curve: Curve;
  readonly publicKey: string;
  readonly keyUsage: readonly KeyUsageName[];
  readonly extendedKeyUsage: readonly string[];
  readonly usage?: CertificateUsage;
  readonly authority: boolean;
} {
  const usage = usageOf(certificate);
  return {
    subject: certificate.subjectName,
    issuer: certificate.issuerName,
    serialNumber: toHex(certificate.serialNumber),
    ...(certificate.systemTitle && { systemTitle: toHex(certificate.systemTitle) }),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    curve: certificate.curve,
    publicKey: toHex(certificate.publicKey),
    keyUsage: certificate.keyUsage,
    extendedKeyUsage: certificate.extendedKeyUsage,
    ...(usage && { usage }),
    authority: certificate.authority !== undefined,
  };
}

/** Whether the subject and the issuer are the same. */
export function isSelfIssued(certificate: Certificate): boolean {
  return sameOctets(certificate.issuer, certificate.subject);
}
