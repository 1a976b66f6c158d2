import { fromHex } from "@dlmskit/core";
import { fromPem, parseCertificate } from "@dlmskit/security/certificates";
import { io } from "../io.ts";
import { jsonText } from "../output/json.ts";
import { AuthorityFolder } from "./authority-folder.ts";
import { readFile } from "./files.ts";
import { certificateAt, serialText } from "./issue.ts";
import { nowInSeconds, type UsageName, usageOfName } from "./options.ts";
import { iso } from "./show.ts";

export interface CheckOptions {
  readonly ca: string;
  readonly at?: number;
  readonly usage?: UsageName;
  readonly systemTitle?: string;
  readonly suite?: number;
  readonly json?: boolean;
}

/** The certificates of authorities that follow the certificate in its file. */
function othersOf(file: Uint8Array) {
  if (file[0] === 0x30 && (file[1] as number) >= 0x80) return [];
  const blocks = fromPem(new TextDecoder().decode(file)).filter(({ label }) => label === "CERTIFICATE");
  return blocks.slice(1).map(({ der }) => parseCertificate(der));
}

export function check(given: string, options: CheckOptions): void {
  const { ca, at = nowInSeconds(), usage, systemTitle, suite, json } = options;
  const folder = new AuthorityFolder(ca);
  const file = readFile(certificateAt(folder, given));
  const chain = folder.check(parseCertificate(file), {
    at,
    authorities: othersOf(file),
    ...(usage && { usage: usageOfName(usage) }),
    ...(systemTitle && { systemTitle: fromHex(systemTitle) }),
    ...(suite !== undefined && { suite }),
  });
  const subjects = chain.map(({ subjectName }) => subjectName);
  const text = json
    ? jsonText({ valid: true, at: iso(at), chain: subjects })
    : `valid at ${iso(at)}: ${subjects.join(" ← ")}`;
  io().stdout.write(`${text}\n`);
}

export interface RevokeOptions {
  readonly ca: string;
  readonly at?: number;
  readonly json?: boolean;
}

export function revoke(given: string, { ca, at = nowInSeconds(), json }: RevokeOptions): void {
  const folder = new AuthorityFolder(ca);
  const certificate = parseCertificate(readFile(certificateAt(folder, given)));
  const changed = folder.revoke(certificate, at);
  const serialNumber = serialText(certificate);
  const text = json
    ? jsonText({ revoked: { serialNumber, subject: certificate.subjectName }, changed })
    : `${changed ? "revoked" : "already revoked"}: ${serialNumber} (${certificate.subjectName})`;
  io().stdout.write(`${text}\n`);
}
