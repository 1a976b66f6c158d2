import { existsSync } from "node:fs";
import { Fault, fromHex, sameOctets, toHex } from "@dlmskit/core";
import { type Curve, newKeyPair } from "@dlmskit/security";
import {
  type Certificate,
  certificatePem,
  parseCertificateRequest,
  parsePrivateKey,
  privateKeyPem,
  requestCertificate,
  toPem,
} from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import { platformRandom } from "@dlmskit/server";
import { io } from "../io.ts";
import { jsonText } from "../output/json.ts";
import { AuthorityFolder } from "./authority-folder.ts";
import { keyPathOf, type NewFile, readFile, writeNew } from "./files.ts";
import { day, missing, nowInSeconds, type UsageName, usageOfName } from "./options.ts";
import { certificateFields } from "./show.ts";

interface ValidityOptions {
  readonly from?: number;
  readonly days?: number;
}

/** A certificate is valid from an hour ago, since the clocks of meters may be slow. */
const earlier = 3_600_000;

/** The validity of a certificate, which cannot end after that of its authority. Fault `bad-option`. */
export function validityOf(
  { from, days }: ValidityOptions,
  authority: Certificate | undefined,
  usually: number,
): { notBefore: number; notAfter: number } {
  const notBefore = from ?? nowInSeconds() - earlier;
  const notAfter = notBefore + (days ?? usually) * day;
  const ends = authority?.notAfter ?? notAfter;
  if (notBefore >= ends || (days !== undefined && notAfter > ends)) {
    throw missing("the certificate would outlive its authority", "give fewer --days, or create a new authority");
  }
  return { notBefore: Math.max(notBefore, authority?.notBefore ?? notBefore), notAfter: Math.min(notAfter, ends) };
}

/** Prints the paths of the written files, as text or JSON. */
export function tellWritten(json: boolean | undefined, files: readonly string[], more: object = {}): void {
  const text = json ? `${jsonText({ written: files, ...more })}\n` : files.map((file) => `written: ${file}\n`).join("");
  io().stdout.write(text);
}

export interface NewAuthorityOptions extends ValidityOptions {
  readonly output: string;
  readonly curve: Curve;
  readonly name: string;
  readonly json?: boolean;
}

export function newAuthority(options: NewAuthorityOptions): void {
  const { output, curve, name, json } = options;
  AuthorityFolder.create(output, { curve, name, ...validityOf(options, undefined, 3650) });
  tellWritten(json, [output]);
  if (!json) io().stderr.write("the authority is for tests: the keys in its folder are not encrypted\n");
}

export interface IssueOptions extends ValidityOptions {
  readonly ca: string;
  readonly csr?: string;
  readonly systemTitle?: string;
  readonly usage: UsageName;
  readonly output: string;
  readonly key?: string;
  readonly curve?: Curve;
  readonly json?: boolean;
}

/** The subject and public key to certify, and the file of the private key if a new one was generated. */
function subjectOf(options: IssueOptions, folder: AuthorityFolder) {
  const { csr, systemTitle: title, output, key = keyPathOf(output) } = options;
  const given = title === undefined ? undefined : fromHex(title);
  if (csr !== undefined) {
    const { curve, publicKey, systemTitle, subjectName } = parseCertificateRequest(node, readFile(csr));
    if (given !== undefined && (systemTitle === undefined || !sameOctets(given, systemTitle))) {
      throw new Fault("wrong-subject", `the request is for ${subjectName}, not for the given system title`, {
        layer: "cli",
      });
    }
    if (systemTitle === undefined) {
      throw new Fault("wrong-subject", `the subject of the request, ${subjectName}, is not a system title`, {
        layer: "cli",
      });
    }
    return { systemTitle, curve, publicKey, files: [] };
  }
  if (given === undefined)
    throw missing("the subject of the certificate is missing", "--csr FILE or --system-title HEX");
  const curve = options.curve ?? folder.certificate("sub").curve;
  const { privateKey, publicKey } = newKeyPair(node, curve, platformRandom);
  const content = privateKeyPem(node, curve, privateKey);
  privateKey.fill(0);
  const file: NewFile = { path: key, content, secret: true };
  return { systemTitle: given, curve, publicKey, files: [file] };
}

export function issue(options: IssueOptions): void {
  const { ca, usage, output, json } = options;
  const folder = new AuthorityFolder(ca);
  const authority = folder.authority("sub");
  const { files, ...subject } = subjectOf(options, folder);
  const validity = validityOf(options, authority.certificate, 730);
  const certificate = authority.issue({ ...subject, ...validity, usage: usageOfName(usage) });
  const pem = certificatePem(certificate);
  // In TLS each end sends the certificates of the intermediate authorities too.
  const chain = usage === "tls" ? pem + certificatePem(authority.certificate) : pem;
  writeNew([{ path: folder.issuedPath(certificate), content: pem }, ...files, { path: output, content: chain }]);
  const written = [output, ...files.map(({ path }) => path)];
  tellWritten(json, written, { certificate: certificateFields(certificate) });
}

export interface RequestOptions {
  readonly systemTitle: string;
  readonly output: string;
  readonly key?: string;
  readonly curve: Curve;
  readonly json?: boolean;
}

/** A certificate signing request for an existing or a new key. */
export function request(options: RequestOptions): void {
  const { output, key = keyPathOf(output), json } = options;
  const there = existsSync(key) ? parsePrivateKey(readFile(key)) : undefined;
  const curve = there?.curve ?? options.curve;
  const privateKey = there?.privateKey ?? newKeyPair(node, curve, platformRandom).privateKey;
  const der = requestCertificate({ provider: node, curve, privateKey, systemTitle: fromHex(options.systemTitle) });
  const made =
    there === undefined ? [{ path: key, content: privateKeyPem(node, curve, privateKey), secret: true }] : [];
  privateKey.fill(0);
  const files = [...made, { path: output, content: toPem("CERTIFICATE REQUEST", der) }];
  writeNew(files);
  tellWritten(json, files.map(({ path }) => path).reverse(), { systemTitle: options.systemTitle });
}

/** A certificate by its file, or by the serial number under which the authority keeps it. */
export function certificateAt(folder: AuthorityFolder, given: string): string {
  if (existsSync(given) || !/^(?:[0-9a-fA-F]{2}){1,32}$/.test(given)) return given;
  return folder.issuedPath({ serialNumber: fromHex(given) });
}

export const serialText = ({ serialNumber }: Pick<Certificate, "serialNumber">): string => toHex(serialNumber);
