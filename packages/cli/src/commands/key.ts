import { type Command, Option } from "commander";
import type { DeriveOptions, NewKeysOptions } from "../key/make.ts";
import type { RotateOptions } from "../key/rotate.ts";
import { meterOptions } from "../meter/meter-options.ts";
import { hexOption, numberOption } from "../options.ts";

const example = (text: string): string => `\nExample: dlms key ${text}`;
const suiteOption = (): Option =>
  new Option("--suite <n>", "security suite: 0, 1 or 2").default(0).argParser(numberOption(0, 2));
const clientOption = (): Option =>
  new Option("--client <sap...>", "the clients that get a password and keys").default(["48"]);

/** `dlms key`: files of keys, and new keys for a meter. */
export function keyCommand(program: Command): void {
  const key = program
    .command("key")
    .description("keys: key files, the keys of a fleet, new keys for a meter")
    .addHelpText("after", example("new -o keys.json"));

  key
    .command("new")
    .description("writes random keys for one meter to a new file for --keys; prints no key")
    .requiredOption("-o, --output <file>", "the new file; it has mode 0600 and is not encrypted")
    .addOption(clientOption())
    .addOption(suiteOption())
    .addOption(
      new Option("--meter <hex>", "the meter's system title, to write it into the file").argParser(
        hexOption("--meter", 8),
      ),
    )
    .option("--json", "prints one JSON document per line")
    .addHelpText("after", example("new -o keys.json --client 32 48"))
    .action(async (options: NewKeysOptions) => (await import("../key/make.ts")).newKeys(options));

  key
    .command("derive")
    .description("derives the keys of one meter from the secret of its fleet")
    .requiredOption("-o, --output <file>", "the new file; it has mode 0600 and is not encrypted")
    .addOption(
      new Option(
        "--secret <hex>",
        "at least 32 random octets; prefer the environment variable, which the process list does not show",
      )
        .env("DLMS_FLEET_SECRET")
        .argParser(hexOption("--secret", 32, 1024))
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--meter <hex>", "the meter's system title").argParser(hexOption("--meter", 8)).makeOptionMandatory(),
    )
    .option("--version-number <n>", "number of the key rotation, from 0", numberOption(0, 0xffffffff), 0)
    .addOption(clientOption())
    .addOption(suiteOption())
    .option("--json", "prints one JSON document per line")
    .addHelpText("after", example("derive --meter 4d4d4d0000000001 -o meter-1.json"))
    .action(async (options: DeriveOptions) => (await import("../key/make.ts")).deriveKeys(options));

  meterOptions(
    key
      .command("rotate")
      .description(
        "sends new keys to a meter, wrapped with its master key; writes them to the keys file once the meter uses them",
      )
      .argument("<host[:port]>", "address of the meter"),
  )
    .option("--setup <ln>", "logical name of the Security setup; default: that of the association")
    .addOption(
      new Option("--change <key...>", "the keys to change: encryption, authentication, broadcast, master")
        .choices(["encryption", "authentication", "broadcast", "master"])
        .default(["encryption", "authentication"]),
    )
    .addHelpText("after", example("rotate 127.0.0.1 --client 48 --auth hls --keys keys.json"))
    .action(async (place: string, options: RotateOptions) => (await import("../key/rotate.ts")).rotate(place, options));
}
