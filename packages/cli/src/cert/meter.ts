import { rmSync } from "node:fs";
import { T } from "@dlmskit/apdu";
import type { Session } from "@dlmskit/client";
import { type CertificateSelector, MeterCertificates } from "@dlmskit/client/certificates";
import { Fault, fromHex, sameOctets, toHex } from "@dlmskit/core";
import { certificatePem } from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import { io } from "../io.ts";
import { certificatesOf } from "../key-material.ts";
import type { MeterOptions } from "../meter/meter-options.ts";
import { openMeter } from "../meter/open.ts";
import { jsonText } from "../output/json.ts";
import { Progress } from "../output/progress.ts";
import { table } from "../output/table.ts";
import { AuthorityFolder } from "./authority-folder.ts";
import { writeNew } from "./files.ts";
import { tellWritten, validityOf } from "./issue.ts";
import { missing, type UsageName, usageOfName } from "./options.ts";
import { certificateFields } from "./show.ts";

export interface SetupOptions extends MeterOptions {
  readonly setup?: string;
}

async function setupOf(session: Session, { setup }: SetupOptions): Promise<MeterCertificates> {
  if (setup === undefined) return MeterCertificates.of(session, node);
  return new MeterCertificates({ session, instanceId: setup, provider: node });
}

/** Attribute 5 of the Security setup: the meter's system title. */
function titleOf(session: Session, { instanceId }: MeterCertificates): Promise<Uint8Array> {
  return session.read({ classId: 64, instanceId, attributeId: 5 }, T.octetString);
}

/** import_certificate, for each certificate. A refused certificate changes nothing in the meter. */
export async function importInto(place: string, files: readonly string[], options: SetupOptions): Promise<void> {
  const certificates = certificatesOf(files);
  using progress = new Progress(options, "importing certificates");
  await using session = await openMeter(place, options, progress);
  const setup = await setupOf(session, options);
  for (const certificate of certificates) {
    await setup.import(certificate);
    progress.clear();
    const text = options.json
      ? jsonText({ imported: certificateFields(certificate) })
      : `imported: ${certificate.subjectName}`;
    io().stdout.write(`${text}\n`);
  }
}

const entities = {
  server: "server",
  client: "client",
  authority: "certification-authority",
  other: "other",
} as const;

export interface ExportOptions extends SetupOptions {
  readonly entity?: keyof typeof entities;
  readonly usage?: UsageName;
  readonly of?: string;
  readonly serial?: string;
  readonly output?: string;
  readonly der?: boolean;
}

async function selectorOf(
  session: Session,
  setup: MeterCertificates,
  options: ExportOptions,
): Promise<CertificateSelector> {
  const { entity = "server", usage, of, serial } = options;
  if (serial !== undefined) {
    const found = (await setup.list()).filter(({ serialNumber }) => toHex(serialNumber) === serial.toLowerCase());
    const [one, other] = found;
    if (one !== undefined && other === undefined) return one;
    const what =
      one === undefined ? "no certificate with that serial number" : "several certificates with that serial number";
    throw new Fault("unknown-certificate", `the meter has ${what}`, {
      layer: "cli",
      hint: "dlms cert list HOST lists them",
    });
  }
  if (usage === undefined && entity !== "authority") {
    throw missing("it is not clear which certificate to export", "--usage, or --serial");
  }
  if (of === undefined && entity !== "server" && entity !== "authority") {
    throw missing("it is not clear whose certificate to export", "--of SYSTEM-TITLE, or --serial");
  }
  return {
    entity: entities[entity],
    usage: usage === undefined ? "other" : usageOfName(usage),
    systemTitle: of === undefined ? await titleOf(session, setup) : fromHex(of),
  };
}

/** export_certificate. */
export async function exportFrom(place: string, options: ExportOptions): Promise<void> {
  const { output, der = false, json } = options;
  if (der && output === undefined) throw missing("--der needs an output file", "-o FILE");
  using progress = new Progress(options, "exporting the certificate");
  await using session = await openMeter(place, options, progress);
  const setup = await setupOf(session, options);
  const certificate = await setup.export(await selectorOf(session, setup, options));
  progress.end();
  const pem = certificatePem(certificate);
  const fields = { certificate: certificateFields(certificate) };
  if (output === undefined) {
    io().stdout.write(json ? `${jsonText({ ...fields, pem })}\n` : pem);
    return;
  }
  writeNew([{ path: output, content: der ? certificate.der : pem }]);
  tellWritten(json, [output], fields);
}

/** Attribute 6, with the contents of each certificate that the client may export. */
export async function listOf(place: string, options: SetupOptions): Promise<void> {
  using progress = new Progress(options, "listing certificates");
  await using session = await openMeter(place, options, progress);
  const setup = await setupOf(session, options);
  const rows: string[][] = [];
  for (const entry of await setup.list()) {
    const { entity, usage } = entry;
    const serialNumber = toHex(entry.serialNumber);
    const fields = await setup.export(entry).then(certificateFields, (caught: unknown) => {
      if (caught instanceof Fault && caught.layer === "client") return undefined;
      throw caught;
    });
    if (options.json) {
      const names = { issuer: toHex(entry.issuer), subject: toHex(entry.subject) };
      const more = fields === undefined ? {} : { certificate: fields };
      progress.clear();
      io().stdout.write(`${jsonText({ entity, usage, serialNumber, ...names, ...more })}\n`);
    } else {
      rows.push([
        String(entity),
        String(usage),
        serialNumber,
        String(fields?.subject ?? ""),
        String(fields?.notAfter ?? ""),
      ]);
    }
  }
  progress.end();
  if (options.json) return;
  const titles = ["entity", "usage", "serial number", "subject", "ends"];
  io().stdout.write(
    table(
      titles.map((title) => ({ title })),
      rows,
    ),
  );
}

export interface RenewOptions extends SetupOptions {
  readonly ca: string;
  readonly usage: UsageName;
  readonly days?: number;
  readonly output?: string;
}

/** Makes the meter generate a new key pair, requests and issues a certificate for it, imports and shows it. */
export async function renewIn(place: string, options: RenewOptions): Promise<void> {
  const { ca, usage: name, output, json } = options;
  const usage = usageOfName(name);
  const folder = new AuthorityFolder(ca);
  const authority = folder.authority("sub");
  const validity = validityOf(options, authority.certificate, 730);
  using progress = new Progress(options, "renewing the certificate");
  await using session = await openMeter(place, options, progress);
  const setup = await setupOf(session, options);
  const systemTitle = await titleOf(session, setup);
  await setup.generateKeyPair(usage);
  const request = await setup.request(usage);
  if (request.systemTitle === undefined || !sameOctets(request.systemTitle, systemTitle)) {
    throw new Fault("wrong-subject", `the request is for ${request.subjectName}, not for the meter`, { layer: "cli" });
  }
  const { curve, publicKey } = request;
  const certificate = authority.issue({ systemTitle, curve, publicKey, usage, ...validity });
  const content = certificatePem(certificate);
  const kept = folder.issuedPath(certificate);
  // The authority keeps its copy before the meter gets the certificate, so that it can be revoked even if the import fails.
  writeNew([{ path: kept, content }, ...(output === undefined ? [] : [{ path: output, content }])]);
  try {
    await setup.import(certificate);
  } catch (caught) {
    const refused =
      caught instanceof Fault && caught.layer === "client" && !["timeout", "link-lost"].includes(caught.code);
    if (refused) for (const path of [kept, output]) if (path !== undefined) rmSync(path, { force: true });
    throw caught;
  }
  if (!sameOctets((await setup.export(certificate)).der, certificate.der)) {
    throw new Fault("not-confirmed", "the meter accepted the certificate but does not list it", { layer: "cli" });
  }
  progress.end();
  tellWritten(json, output === undefined ? [kept] : [kept, output], { certificate: certificateFields(certificate) });
}
