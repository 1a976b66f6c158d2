import { concat } from "@dlmskit/core";
import { BitString } from "asn1js";
import { CertificationRequest, PublicKeyInfo } from "pkijs";
import type { CryptoProvider, Curve } from "../provider.ts";
import { refusal } from "../refusal.ts";
import {
  checkDer,
  curveParameters,
  parseDer,
  rawSignature,
  signatureAlgorithm,
  signatureCurve,
  signedDer,
  toDer,
} from "./asn1.ts";
import { readPublicKey } from "./certificate.ts";
import { commonNameOf, nameOf, nameParts, titleOf } from "./names.ts";
import { derOf } from "./pem.ts";

/** A certificate signing request (PKCS #10) whose signature was verified: the requester has the private key. */
export interface CertificateRequest {
  readonly der: Uint8Array;
  readonly subjectName: string;
  readonly systemTitle?: Uint8Array;
  readonly curve: Curve;
  readonly publicKey: Uint8Array;
}

export function publicKeyInfo(curve: Curve, publicKey: Uint8Array): PublicKeyInfo {
  const point = concat(Uint8Array.of(0x04), publicKey);
  const subjectPublicKey = new BitString({ valueHex: point.buffer as ArrayBuffer });
  return new PublicKeyInfo({ algorithm: curveParameters(curve), subjectPublicKey });
}

/** Creates a request for a certificate of this end's own public key, in DER. Faults `bad-system-title`, `bad-private-key`. */
export function requestCertificate(options: {
  readonly provider: CryptoProvider;
  readonly curve: Curve;
  readonly privateKey: Uint8Array;
  /** The common name of the subject. */
  readonly systemTitle: Uint8Array;
}): Uint8Array {
  const { provider, curve, privateKey } = options;
  const request = new CertificationRequest({
    subject: nameOf(commonNameOf(options.systemTitle)),
    subjectPublicKeyInfo: publicKeyInfo(curve, provider.publicKey(curve, privateKey)),
    attributes: [],
    signatureAlgorithm: signatureAlgorithm(curve),
  });
  const [signed] = request.toSchema(true).valueBlock.value;
  const octets = toDer(signed as never);
  return signedDer(octets, curve, provider.ecdsaSign(curve, privateKey, octets));
}

/**
 * Parses a request, DER or PEM, and verifies its signature. Faults `bad-certificate-request`, `bad-pem`, `wrong-curve`,
 * `bad-public-key`, `bad-signature`.
 */
export function parseCertificateRequest(provider: CryptoProvider, file: Uint8Array): CertificateRequest {
  const der = derOf(file, "CERTIFICATE REQUEST");
  const parsed = parseDer("bad-certificate-request", "a certificate signing request", der, (schema) => {
    const block = new CertificationRequest({ schema });
    const signedBy = signatureCurve(block.signatureAlgorithm);
    const signature = rawSignature(signedBy, block.signatureValue.valueBlock.valueHexView);
    const signed = block.tbsView.slice();
    checkDer(der, signed, signedBy, signature);
    return {
      ...readPublicKey(block.subjectPublicKeyInfo),
      subject: nameParts(block.subject),
      signedBy,
      signature,
      signed,
    };
  });
  const { curve, publicKey, subject } = parsed;
  if (parsed.signedBy !== curve || !provider.ecdsaVerify(curve, publicKey, parsed.signed, parsed.signature)) {
    throw refusal("bad-signature", "the request is not signed with the private key of its public key");
  }
  const systemTitle = titleOf(subject);
  return { der: der.slice(), subjectName: subject.text, ...(systemTitle && { systemTitle }), curve, publicKey };
}
