import { randomBytes } from "node:crypto";
import { fromHex } from "@dlmskit/core";
import { newKeyPair } from "@dlmskit/security";
import {
  CertificateAuthority,
  type CertificateUsage,
  certificatePem,
  privateKeyPem,
} from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import type { TlsIdentity } from "../src/node.ts";

const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count));
const day = 86_400_000;

export const meterTitle = fromHex("4d4d4d0000bc614e");
export const clientTitle = fromHex("4d4d4d0000000001");

export function newAuthority(name = "Test root") {
  const validity = { notBefore: Date.now() - 1000 * day, notAfter: Date.now() + 1000 * day };
  const root = CertificateAuthority.root({ provider: node, random, curve: "P-256", name, ...validity });
  const below = root.subordinate({ name: `${name}, devices`, ...validity });
  const listed = (revoked: readonly Uint8Array[]) =>
    [root, below].map((authority) =>
      authority.revocationList({
        revoked: revoked.map((serialNumber) => ({ serialNumber, at: Date.now() - day })),
        thisUpdate: Date.now() - day,
        nextUpdate: Date.now() + day,
        number: 1,
      }),
    );
  const identity = (
    systemTitle: Uint8Array,
    { usage = "tls", from = -1, until = 1 }: { usage?: CertificateUsage; from?: number; until?: number } = {},
  ): TlsIdentity & { serialNumber: Uint8Array } => {
    const curve = "P-256";
    const { privateKey, publicKey } = newKeyPair(node, curve, random);
    const notBefore = Date.now() + from * day;
    const notAfter = Date.now() + until * day;
    const certificate = below.issue({ systemTitle, curve, publicKey, usage, notBefore, notAfter });
    return {
      certificate: certificatePem(certificate) + certificatePem(below.certificate),
      privateKey: privateKeyPem(node, curve, privateKey),
      authorities: certificatePem(root.certificate),
      serialNumber: certificate.serialNumber,
    };
  };
  return { root, below, identity, listed };
}
