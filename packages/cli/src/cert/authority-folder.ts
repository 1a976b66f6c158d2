import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Fault, sameOctets, toHex } from "@dlmskit/core";
import { type Curve, type KeyPair, newKeyPair } from "@dlmskit/security";
import {
  type Certificate,
  CertificateAuthority,
  certificatePem,
  checkCertificate,
  parseCertificate,
  parsePrivateKey,
  parseRevocationList,
  privateKeyPem,
  type Revocation,
  type RevocationList,
  revocationByLists,
  toPem,
} from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import { platformRandom } from "@dlmskit/server";
import { readFile, writeNew } from "./files.ts";

/** The two authorities of a folder: the root, and the subordinate authority, which issues the certificates. */
const names = ["root", "sub"] as const;
type Name = (typeof names)[number];

const issuedFolder = "issued";
const numbersStart = Date.UTC(2020, 0, 1);

function listPem(authority: CertificateAuthority, revoked: readonly Revocation[], at: number): string {
  // The list is valid as long as its authority, so that nobody has to reissue the list of a test fleet every week.
  const nextUpdate = authority.certificate.notAfter;
  const number = Math.max(0, Math.floor((at - numbersStart) / 1000));
  return toPem("X509 CRL", authority.revocationList({ revoked, thisUpdate: at, nextUpdate, number }));
}

/**
 * A test certification authority in a folder: root.pem and sub.pem, their keys (PKCS #8, mode 0600) and revocation lists, and
 * every certificate that was issued, by serial number.
 */
export class AuthorityFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Creates the folder, completely or not at all. Faults `file-exists`, `not-written`. */
  static create(
    path: string,
    options: { readonly curve: Curve; readonly name: string; readonly notBefore: number; readonly notAfter: number },
  ): AuthorityFolder {
    const { name, ...rest } = options;
    const validity = { notBefore: rest.notBefore, notAfter: rest.notAfter };
    const keyPairs = [0, 1].map(() => newKeyPair(node, rest.curve, platformRandom));
    const [rootKey, subKey] = keyPairs as [KeyPair, KeyPair];
    const root = CertificateAuthority.root({
      ...rest,
      ...{ name, provider: node, random: platformRandom, keyPair: rootKey },
    });
    const sub = root.subordinate({ ...validity, name: `${name}, issuing`, keyPair: subKey });
    const whole = resolve(path);
    let beside: string | undefined;
    try {
      mkdirSync(dirname(whole), { recursive: true });
      beside = mkdtempSync(join(dirname(whole), `.${basename(whole)}-`));
      mkdirSync(join(beside, issuedFolder), { mode: 0o700 });
      for (const [at, authority] of [root, sub].entries()) {
        const of = join(beside, names[at] as Name);
        const { privateKey: key } = keyPairs[at] as KeyPair;
        writeNew([
          { path: `${of}.pem`, content: certificatePem(authority.certificate) },
          { path: `${of}.key.pem`, content: privateKeyPem(node, rest.curve, key), secret: true },
          { path: `${of}.crl.pem`, content: listPem(authority, [], validity.notBefore) },
        ]);
      }
      // rename replaces an empty folder only.
      renameSync(beside, whole);
    } catch (caught) {
      if (beside !== undefined) rmSync(beside, { recursive: true, force: true });
      const { code } = caught as NodeJS.ErrnoException;
      const exists = code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR";
      throw new Fault(
        exists ? "file-exists" : "not-written",
        `${path} ${exists ? "already exists" : "cannot be created"}`,
        {
          layer: "cli",
          hint: "give another folder: existing ones are not overwritten",
        },
      );
    } finally {
      for (const { privateKey } of keyPairs) privateKey.fill(0);
    }
    return new AuthorityFolder(path);
  }

  certificate(name: Name): Certificate {
    return parseCertificate(readFile(this.#at(name, "pem")));
  }

  /** The authority with its key. Faults `no-such-file`, `bad-private-key` and those of the parsers. */
  authority(name: Name): CertificateAuthority {
    const { privateKey } = parsePrivateKey(readFile(this.#at(name, "key.pem")));
    try {
      return new CertificateAuthority({
        ...{ provider: node, random: platformRandom, privateKey },
        certificate: this.certificate(name),
      });
    } finally {
      privateKey.fill(0);
    }
  }

  lists(): RevocationList[] {
    return names.map((name) => parseRevocationList(readFile(this.#at(name, "crl.pem"))));
  }

  /** Every certificate that it has issued, by serial number. */
  issued(): Certificate[] {
    const folder = join(this.path, issuedFolder);
    if (!existsSync(folder))
      throw new Fault("no-such-file", `${this.path} is not the folder of an authority`, { layer: "cli" });
    const files = readdirSync(folder).filter((file) => file.endsWith(".pem"));
    return files.sort().map((file) => parseCertificate(readFile(join(folder, file))));
  }

  /** The path of the authority's copy of a certificate that it issued. */
  issuedPath({ serialNumber }: Pick<Certificate, "serialNumber">): string {
    return join(this.path, issuedFolder, `${toHex(serialNumber)}.pem`);
  }

  /** Checks a certificate with the root, the revocation lists and the authorities in its file. Faults of `checkCertificate`. */
  check(
    certificate: Certificate,
    options: Omit<Parameters<typeof checkCertificate>[0], "provider" | "certificate" | "anchors">,
  ): readonly Certificate[] {
    return checkCertificate({
      ...options,
      ...{ provider: node, certificate, anchors: [this.certificate("root")] },
      authorities: [this.certificate("sub"), ...(options.authorities ?? [])],
      revocation: revocationByLists(node, this.lists()),
    });
  }

  /** Adds a certificate to its authority's revocation list. Gives false if it was on the list already. Faults `unknown-issuer`, `not-written`. */
  revoke(certificate: Certificate, at: number): boolean {
    const name = names.find((one) => isIssuedBy(certificate, this.certificate(one)));
    if (name === undefined || sameOctets(certificate.der, this.certificate("root").der)) {
      throw new Fault("unknown-issuer", "this authority did not issue the certificate", { layer: "cli" });
    }
    const path = this.#at(name, "crl.pem");
    const { revoked } = parseRevocationList(readFile(path));
    const serial = toHex(certificate.serialNumber);
    if (revoked.some(({ serialNumber }) => toHex(serialNumber) === serial)) return false;
    const pem = listPem(this.authority(name), [...revoked, { serialNumber: certificate.serialNumber, at }], at);
    const beside = `${path}.${process.pid}.new`;
    try {
      writeFileSync(beside, pem, { flush: true });
      renameSync(beside, path);
    } catch (cause) {
      rmSync(beside, { force: true });
      throw new Fault("not-written", `${path} cannot be written`, { layer: "cli", cause });
    }
    return true;
  }

  #at(name: Name, ending: string): string {
    return join(this.path, `${name}.${ending}`);
  }
}

function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  const { signatureCurve, signed, signature } = certificate;
  return (
    sameOctets(certificate.issuer, issuer.subject) &&
    signatureCurve === issuer.curve &&
    node.ecdsaVerify(issuer.curve, issuer.publicKey, signed, signature)
  );
}
