import { type Command, Option } from "commander";
import type { CheckOptions, RevokeOptions } from "../cert/check.ts";
import type { ExpiringOptions } from "../cert/expiring.ts";
import type { IssueOptions, NewAuthorityOptions, RequestOptions } from "../cert/issue.ts";
import type { ExportOptions, RenewOptions, SetupOptions } from "../cert/meter.ts";
import { curveOption, daysOption, instantOption, titleOption, usageOption } from "../cert/options.ts";
import { meterOptions } from "../meter/meter-options.ts";
import { hexOption, numberOption } from "../options.ts";
import { jsonText } from "../output/json.ts";

const jsonHelp = "one JSON document a line";
const example = (text: string): string => `\nExample: dlms cert ${text}`;
const atOption = (): Option =>
  new Option("--at <time>", "the instant that counts; now unless given").argParser(instantOption("--at"));

// What a certificate is made with is loaded when one is made: it is large.
const issuing = () => import("../cert/issue.ts");
const checking = () => import("../cert/check.ts");
const metering = () => import("../cert/meter.ts");

/** `dlms cert`: a test certification authority, its certificates, and those in a meter. */
export function certCommand(program: Command): void {
  const cert = program
    .command("cert")
    .description("certificates: a test authority, issue, check, revoke; those that a meter has")
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
    .description("a root and an authority below it that issues, in a new folder")
    .requiredOption("-o, --output <dir>", "the folder; the keys in it have mode 0600 and are not encrypted")
    .addOption(curveOption().default("P-256"))
    .option("--name <name>", "the root's common name", "Test authority")
    .addOption(new Option("--from <time>", "valid from").argParser(instantOption("--from")))
    .addOption(daysOption("valid for so many days; 3650 unless given"))
    .option("--json", jsonHelp)
    .addHelpText("after", example("ca new -o pki --curve P-384"))
    .action(async (options: NewAuthorityOptions) => (await issuing()).newAuthority(options));

  cert
    .command("issue")
    .description("a certificate for the key of a request, or with a new key")
    .requiredOption("--ca <dir>", "the authority's folder")
    .option("--csr <file>", "a certificate signing request")
    .addOption(titleOption("whose: with a new key unless there is a request"))
    .addOption(usageOption().makeOptionMandatory())
    .requiredOption("-o, --output <file>", "the certificate, PEM; for TLS its authority behind it")
    .option("--key <file>", "the new private key, PKCS #8; FILE.key.pem unless given")
    .addOption(curveOption())
    .addOption(new Option("--from <time>", "valid from; an hour ago unless given").argParser(instantOption("--from")))
    .addOption(daysOption("valid for so many days; 730 unless given"))
    .option("--json", jsonHelp)
    .addHelpText("after", example("issue --ca pki --system-title 4d4d4d0000000001 --usage tls -o hes.pem"))
    .action(async (options: IssueOptions) => (await issuing()).issue(options));

  cert
    .command("revoke")
    .description("puts a certificate on its authority's revocation list")
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
    .description("a certificate signing request, for a key that is there or a new one")
    .addOption(titleOption("the subject").makeOptionMandatory())
    .requiredOption("-o, --output <file>", "the request, PEM")
    .option("--key <file>", "the private key, PKCS #8, made unless it is there; FILE.key.pem unless given")
    .addOption(curveOption().default("P-256"))
    .option("--json", jsonHelp)
    .addHelpText("after", example("csr --system-title 4d4d4d0000bc614e -o meter.csr"))
    .action(async (options: RequestOptions) => (await issuing()).request(options));

  cert
    .command("show")
    .description("what certificates, requests and revocation lists say; of a private key the public one")
    .argument("<file...>", "DER or PEM")
    .option("--json", jsonHelp)
    .addHelpText("after", example("show meter.pem"))
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const [{ showFile, shownText }, { readFile }] = await Promise.all([
        import("../cert/show.ts"),
        import("../cert/files.ts"),
      ]);
      for (const shown of files.flatMap((file) => showFile(readFile(file)))) {
        process.stdout.write(json ? `${jsonText({ [shown.kind]: shown.fields })}\n` : shownText(shown));
      }
    });

  cert
    .command("check")
    .description("checks a certificate and all above it, at a time; exit code 1 and the reason where it is refused")
    .argument("<file>", "the certificate, or its serial number")
    .requiredOption("--ca <dir>", "the authority's folder")
    .addOption(atOption())
    .addOption(usageOption())
    .addOption(titleOption("the system title that it must have"))
    .addOption(new Option("--suite <n>", "the security suite that it must fit").argParser(numberOption(0, 2)))
    .option("--json", jsonHelp)
    .addHelpText("after", example("check meter.pem --ca pki --at 2027-01-31 --usage signature"))
    .action(async (file: string, options: CheckOptions) => (await checking()).check(file, options));

  cert
    .command("expiring")
    .description("certificates that expire soon or have expired and have no successor")
    .requiredOption("--within <days>", "how soon", numberOption(0, 36_500))
    .option("--ca <dir>", "those of an authority's folder")
    .option("--store <store>", "those of the table certificates: pglite:DIR or postgres://…")
    .addOption(atOption())
    .option("--json", jsonHelp)
    .addHelpText("after", example("expiring --within 30 --ca pki"))
    .action(async (options: ExpiringOptions) => (await import("../cert/expiring.ts")).expiring(options));
}

function meterCommands(cert: Command): void {
  const onMeter = (name: string, description: string): Command =>
    meterOptions(cert.command(name).description(description).argument("<host[:port]>", "where the meter is")).option(
      "--setup <ln>",
      "the Security setup; the association's own unless given",
    );
  const access = "--client 48 --auth hls-gmac --suite 1 --keys keys.json";

  onMeter("list", "which certificates a meter has")
    .addHelpText("after", example(`list 127.0.0.1 ${access}`))
    .action(async (place: string, options: SetupOptions) => (await metering()).listOf(place, options));

  onMeter("import", "gives a meter certificates: its own, a client's, an authority's")
    .argument("<file...>", "DER or PEM")
    .addHelpText("after", example(`import 127.0.0.1 hes.pem ${access}`))
    .action(async (place: string, files: string[], options: SetupOptions) =>
      (await metering()).importInto(place, files, options),
    );

  onMeter("export", "a certificate that a meter has: the meter's own unless told otherwise")
    .addOption(
      new Option("--entity <entity>", "whose").choices(["server", "client", "authority", "other"]).default("server"),
    )
    .addOption(usageOption())
    .addOption(new Option("--of <hex>", "the holder's system title").argParser(hexOption("--of", 8)))
    .addOption(new Option("--serial <hex>", "by serial number instead").argParser(hexOption("--serial", 1, 32)))
    .option("-o, --output <file>", "where to write it; standard output unless given")
    .option("--der", "DER instead of PEM")
    .addHelpText("after", example(`export 127.0.0.1 --usage signature -o meter.pem ${access}`))
    .action(async (place: string, options: ExportOptions) => (await metering()).exportFrom(place, options));

  onMeter("renew", "makes a meter generate a new key pair, and gives it the certificate for it")
    .requiredOption("--ca <dir>", "the authority's folder")
    .addOption(usageOption().makeOptionMandatory())
    .addOption(daysOption("valid for so many days; 730 unless given"))
    .option("-o, --output <file>", "the certificate, PEM, besides the authority's own copy")
    .addHelpText("after", example(`renew 127.0.0.1 --ca pki --usage signature ${access}`))
    .action(async (place: string, options: RenewOptions) => (await metering()).renewIn(place, options));
}
