import { sameOctets, toHex } from "@dlmskit/core";
import { Integer } from "asn1js";
import {
  CertificateRevocationList,
  Extensions,
  type RelativeDistinguishedNames,
  RevokedCertificate,
  type Time,
} from "pkijs";
import type { CryptoProvider, Curve } from "../provider.ts";
import {
  checkDer,
  parseDer,
  rawSignature,
  signatureAlgorithm,
  signatureCurve,
  signedDer,
  timeOf,
  toDer,
} from "./asn1.ts";
import type { Certificate } from "./certificate.ts";
import { keyIdentifierOf, listNumberOf } from "./extensions.ts";
import { nameParts } from "./names.ts";
import { derOf } from "./pem.ts";

/** One certificate that its authority revoked. */
export interface Revocation {
  readonly serialNumber: Uint8Array;
  /** The start of the revocation, in ms since 1970, UTC. */
  readonly at: number;
}

/** The contents of a certificate revocation list. Verify it with the certificate of its issuer. */
export interface RevocationList {
  readonly der: Uint8Array;
  /** The Name in DER. */
  readonly issuer: Uint8Array;
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  readonly revoked: readonly Revocation[];
  readonly signed: Uint8Array;
  readonly signatureCurve: Curve;
  readonly signature: Uint8Array;
}

export function writeRevocationList(options: {
  readonly provider: CryptoProvider;
  readonly curve: Curve;
  readonly privateKey: Uint8Array;
  readonly issuer: RelativeDistinguishedNames;
  readonly keyIdentifier: Uint8Array;
  readonly revoked: readonly Revocation[];
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly number: number;
}): Uint8Array {
  const { provider, curve, privateKey, revoked } = options;
  const list = new CertificateRevocationList({
    version: 1,
    signature: signatureAlgorithm(curve),
    issuer: options.issuer,
    thisUpdate: timeOf(options.thisUpdate) as unknown as Time,
    nextUpdate: timeOf(options.nextUpdate) as unknown as Time,
    // If no certificate is revoked, revokedCertificates must be absent.
    ...(revoked.length > 0 && { revokedCertificates: revoked.map(entry) }),
    crlExtensions: new Extensions({
      extensions: [keyIdentifierOf(options.keyIdentifier), listNumberOf(options.number)],
    }),
    signatureAlgorithm: signatureAlgorithm(curve),
  });
  const [signed] = list.toSchema(true).valueBlock.value;
  const octets = toDer(signed as never);
  return signedDer(octets, curve, provider.ecdsaSign(curve, privateKey, octets));
}

function entry({ serialNumber, at }: Revocation): RevokedCertificate {
  return new RevokedCertificate({
    userCertificate: new Integer({ valueHex: serialNumber.slice().buffer as ArrayBuffer }),
    revocationDate: timeOf(at) as unknown as Time,
  });
}

/** A revocation list, DER or PEM. Faults `bad-revocation-list`, `bad-pem`, `wrong-curve`. */
export function parseRevocationList(file: Uint8Array): RevocationList {
  const der = derOf(file, "X509 CRL");
  return parseDer("bad-revocation-list", "a certificate revocation list", der, (schema) => {
    const block = new CertificateRevocationList({ schema });
    const signedBy = signatureCurve(block.signatureAlgorithm);
    const signature = rawSignature(signedBy, block.signatureValue.valueBlock.valueHexView);
    const signed = block.tbsView.slice();
    checkDer(der, signed, signedBy, signature);
    return {
      der: der.slice(),
      issuer: nameParts(block.issuer).der,
      thisUpdate: block.thisUpdate.value.getTime(),
      ...(block.nextUpdate && { nextUpdate: block.nextUpdate.value.getTime() }),
      revoked: (block.revokedCertificates ?? []).map((revoked) => ({
        serialNumber: revoked.userCertificate.valueBlock.valueHexView.slice(),
        at: revoked.revocationDate.value.getTime(),
      })),
      signed,
      signatureCurve: signedBy,
      signature,
    };
  });
}

export type RevocationStatus = "good" | "revoked" | "unknown";

/** Whether a certificate is revoked at an instant. Called for every certificate of a chain, with the certificate of its issuer. */
export type RevocationCheck = (certificate: Certificate, issuer: Certificate, at: number) => RevocationStatus;

/**
 * The status from revocation lists. A list is used if its issuer is the issuer of the certificate and signed the list, and if the
 * list is not too old. Without such a list, the status is unknown. A revocation in an older list remains valid.
 */
export function revocationByLists(provider: CryptoProvider, lists: readonly RevocationList[]): RevocationCheck {
  return (certificate, issuer, at) => {
    let status: RevocationStatus = "unknown";
    const serial = toHex(certificate.serialNumber);
    for (const list of lists) {
      if (!sameOctets(list.issuer, issuer.subject) || list.thisUpdate > at || !signedBy(provider, list, issuer))
        continue;
      const found = list.revoked.find(({ serialNumber }) => toHex(serialNumber) === serial);
      if (found !== undefined && found.at <= at) return "revoked";
      if (list.nextUpdate === undefined || list.nextUpdate >= at) status = "good";
    }
    return status;
  };
}

/** Whether the key of the issuer signed it. Fault `bad-public-key` if that key is not on its curve. */
export function signedBy(
  provider: CryptoProvider,
  what: Pick<Certificate, "signed" | "signature" | "signatureCurve">,
  issuer: Certificate,
): boolean {
  return (
    what.signatureCurve === issuer.curve &&
    provider.ecdsaVerify(issuer.curve, issuer.publicKey, what.signed, what.signature)
  );
}
