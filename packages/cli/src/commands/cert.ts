import { type Command, Option } from "commander";
import type { CheckOptions, RevokeOptions } from "../cert/check.ts";
import type { ExpiringOptions } from "../cert/expiring.ts";
import type { IssueOptions, NewAuthorityOptions, RequestOptions } from "../cert/issue.ts";
import type { ExportOptions, RenewOptions, SetupOptions } from "../cert/meter.ts";
import { curveOption, daysOption, instantOption, titleOption, usageOption } from "../cert/options.ts";
import { io } from "../io.ts";
import { meterOptions } from "../meter/meter-options.ts";
import { hexOption, numberOption } from "../options.ts";
import { jsonText } from "../output/json.ts";
import { progressOption } from "../output/progress.ts";

const jsonHelp = "prints one JSON document per line";
const example = (text: string): string => `\nExample: dlms cert ${text}`;
const atOption = (): Option =>
  new Option("--at <time>", "the time of the check; default: now").argParser(instantOption("--at"));

// Load the code that makes certificates only when it is needed: it is large.
const issuing = () => import("../cert/issue.ts");
const checking = () => import("../cert/check.ts");
const metering = () => import("../cert/meter.ts");

/** `dlms cert`: a test certification authority, its certificates, and those in a meter. */
export function certCommand(program: Command): void {
  const cert = program
    .command("cert")
    .description("certificates: a test authority, issue, check, revoke; certificates in a meter")
    .addHelpText("after", example("ca new -o pki"));
  authorityCommands(cert);
  fileCommands(cert);
  meterCommands(cert);
}

function authorityCommands(cert: Command): void {
  cert
    .command("ca")
    .description("certification authorities for tests")
    .command("new")
    .description("creates a root authority and a subordinate issuing authority, in a new folder")
    .requiredOption("-o, --output <dir>", "the new folder; the keys in it have mode 0600 and are not encrypted")
    .addOption(curveOption().default("P-256"))
    .option("--name <name>", "common name of the root", "Test authority")
    .addOption(new Option("--from <time>", "start of the validity").argParser(instantOption("--from")))
    .addOption(daysOption("validity in days; default 3650"))
    .option("--json", jsonHelp)
    .addHelpText("after", example("ca new -o pki --curve P-384"))
    .action(async (options: NewAuthorityOptions) => (await issuing()).newAuthority(options));

  cert
    .command("issue")
    .description("issues a certificate for a signing request, or with a new key")
    .requiredOption("--ca <dir>", "the authority's folder")
    .option("--csr <file>", "a certificate signing request")
    .addOption(titleOption("the subject's system title; without --csr a new key is generated"))
    .addOption(usageOption().makeOptionMandatory())
    .requiredOption("-o, --output <file>", "the certificate, PEM; for TLS followed by that of its authority")
    .option("--key <file>", "file for the new private key, PKCS #8; default FILE.key.pem")
    .addOption(curveOption())
    .addOption(
      new Option("--from <time>", "start of the validity; default: an hour ago").argParser(instantOption("--from")),
    )
    .addOption(daysOption("validity in days; default 730"))
    .option("--json", jsonHelp)
    .addHelpText("after", example("issue --ca pki --system-title 4d4d4d0000000001 --usage tls -o hes.pem"))
    .action(async (options: IssueOptions) => (await issuing()).issue(options));

  cert
    .command("revoke")
    .description("adds a certificate to its authority's revocation list")
    .argument("<file>", "the certificate, or its serial number")
    .requiredOption("--ca <dir>", "the authority's folder")
    .addOption(atOption())
    .option("--json", jsonHelp)
    .addHelpText("after", example("revoke meter.pem --ca pki"))
    .action(async (file: string, options: RevokeOptions) => (await checking()).revoke(file, options));
}

function fileCommands(cert: Command): void {
  cert
    .command("csr")
    .description("makes a certificate signing request, for an existing or a new key")
    .addOption(titleOption("the subject").makeOptionMandatory())
    .requiredOption("-o, --output <file>", "the request, PEM")
    .option("--key <file>", "the private key, PKCS #8, generated if it does not exist; default FILE.key.pem")
    .addOption(curveOption().default("P-256"))
    .option("--json", jsonHelp)
    .addHelpText("after", example("csr --system-title 4d4d4d0000bc614e -o meter.csr"))
    .action(async (options: RequestOptions) => (await issuing()).request(options));

  cert
    .command("show")
    .description("shows certificates, requests, revocation lists, and the public key of a private key")
    .argument("<file...>", "DER or PEM")
    .option("--json", jsonHelp)
    .addHelpText("after", example("show meter.pem"))
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const [{ showFile, shownText }, { readFile }] = await Promise.all([
        import("../cert/show.ts"),
        import("../cert/files.ts"),
      ]);
      for (const shown of files.flatMap((file) => showFile(readFile(file)))) {
        io().stdout.write(json ? `${jsonText({ [shown.kind]: shown.fields })}\n` : shownText(shown));
      }
    });

  cert
    .command("check")
    .description("checks a certificate and its chain at a time; exit code 1 and the reason if it is refused")
    .argument("<file>", "the certificate, or its serial number")
    .requiredOption("--ca <dir>", "the authority's folder")
    .addOption(atOption())
    .addOption(usageOption())
    .addOption(titleOption("the system title that the certificate must have"))
    .addOption(
      new Option("--suite <n>", "the security suite that the certificate must fit").argParser(numberOption(0, 2)),
    )
    .option("--json", jsonHelp)
    .addHelpText("after", example("check meter.pem --ca pki --at 2027-01-31 --usage signature"))
    .action(async (file: string, options: CheckOptions) => (await checking()).check(file, options));

  cert
    .command("expiring")
    .description("lists certificates that have expired or expire soon and have no successor")
    .requiredOption("--within <days>", "days until they expire", numberOption(0, 36_500))
    .option("--ca <dir>", "looks in the folder of an authority")
    .option("--store <store>", "looks in the table certificates of a store: pglite:DIR or postgres://…")
    .addOption(atOption())
    .addOption(progressOption())
    .option("--json", jsonHelp)
    .addHelpText("after", example("expiring --within 30 --ca pki"))
    .action(async (options: ExpiringOptions) => (await import("../cert/expiring.ts")).expiring(options));
}

function meterCommands(cert: Command): void {
  const onMeter = (name: string, description: string): Command =>
    meterOptions(cert.command(name).description(description).argument("<host[:port]>", "address of the meter")).option(
      "--setup <ln>",
      "logical name of the Security setup; default: that of the association",
    );
  const access = "--client 48 --auth hls-gmac --suite 1 --keys keys.json";

  onMeter("list", "lists the certificates of a meter")
    .addHelpText("after", example(`list 127.0.0.1 ${access}`))
    .action(async (place: string, options: SetupOptions) => (await metering()).listOf(place, options));

  onMeter("import", "imports certificates into a meter: its own, a client's, an authority's")
    .argument("<file...>", "DER or PEM")
    .addHelpText("after", example(`import 127.0.0.1 hes.pem ${access}`))
    .action(async (place: string, files: string[], options: SetupOptions) =>
      (await metering()).importInto(place, files, options),
    );

  onMeter("export", "exports a certificate from a meter; the meter's own unless another is named")
    .addOption(
      new Option("--entity <entity>", "whose").choices(["server", "client", "authority", "other"]).default("server"),
    )
    .addOption(usageOption())
    .addOption(new Option("--of <hex>", "the holder's system title").argParser(hexOption("--of", 8)))
    .addOption(
      new Option("--serial <hex>", "serial number of the certificate, instead of --usage and --of").argParser(
        hexOption("--serial", 1, 32),
      ),
    )
    .option("-o, --output <file>", "output file; default: standard output")
    .option("--der", "writes DER instead of PEM")
    .addHelpText("after", example(`export 127.0.0.1 --usage signature -o meter.pem ${access}`))
    .action(async (place: string, options: ExportOptions) => (await metering()).exportFrom(place, options));

  onMeter("renew", "makes a meter generate a new key pair and imports a certificate for it")
    .requiredOption("--ca <dir>", "the authority's folder")
    .addOption(usageOption().makeOptionMandatory())
    .addOption(daysOption("validity in days; default 730"))
    .option("-o, --output <file>", "a second copy of the certificate, PEM; the authority keeps one")
    .addHelpText("after", example(`renew 127.0.0.1 --ca pki --usage signature ${access}`))
    .action(async (place: string, options: RenewOptions) => (await metering()).renewIn(place, options));
}
