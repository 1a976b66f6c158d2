import { writeFileSync } from "node:fs";
import { Fault } from "@dlmskit/core";
import { type TemplateForm, templateJson } from "@dlmskit/simulator";
import type { Command } from "commander";
import { importedTemplate } from "../clone/imported.ts";
import { io } from "../io.ts";
import { clonedMeter } from "../meter/cloned.ts";
import { lineOptions, type MeterOptions, meterOptions } from "../meter/meter-options.ts";
import { numberOption } from "../options.ts";

interface CloneCommandOptions extends MeterOptions {
  readonly output: string;
  readonly name: string;
  readonly rows: number;
  readonly maxObjects: number;
  readonly maxOctets: number;
  readonly maxTime: number;
  readonly import?: string;
  readonly importDevice?: string;
}

function written(output: string, form: TemplateForm): void {
  try {
    writeFileSync(output, templateJson(form));
  } catch (cause) {
    throw new Fault("not-written", `the file ${output} could not be written`, { layer: "cli", cause });
  }
}

async function clone(place: string | undefined, options: CloneCommandOptions): Promise<void> {
  const { output, name, rows, maxObjects, maxOctets, maxTime } = options;
  if (options.import !== undefined) {
    if (place !== undefined) {
      const hint = "leave out one of them";
      throw new Fault("bad-option", "--import reads a file, not the meter that is named", { layer: "cli", hint });
    }
    return written(output, importedTemplate(options.import, { ...options, output }));
  }
  if (place === undefined) {
    const hint = "give HOST[:PORT], or --import FILE";
    throw new Fault("bad-option", "neither a meter nor a file is named", { layer: "cli", hint });
  }
  const limits = { rows, objects: maxObjects, octets: maxOctets, time: maxTime * 1000 };
  const form = await clonedMeter(place, options, name, limits);
  written(output, form);
  const attributes = form.objects.flatMap(({ attributes: of = {} }) => Object.values(of));
  const refused = attributes.filter((one) => one.refused !== undefined).length;
  const { length: objects } = form.objects;
  io().stdout.write(
    options.json
      ? `${JSON.stringify({ file: output, objects, values: attributes.length - refused, refused })}\n`
      : `${output}: ${objects} objects, ${attributes.length - refused} values, ${refused} refused\n`,
  );
}

/** `dlms clone`: a template from a real meter. */
export function cloneCommand(program: Command): void {
  const command = program
    .command("clone")
    .description("makes a template of a meter, which dlms simulate serves; nothing is written to the meter")
    .argument("[host[:port]]", "where the meter is")
    .option("--import <file>", "makes the template from an XML file of a Gurux device or simulator instead of a meter")
    .option("--import-device <name>", "which device of that file, if it has several")
    .requiredOption("-o, --output <file>", "the template's file")
    .option("--name <name>", "the template's name: lower case letters, digits and hyphens", "clone")
    .option("--rows <n>", "rows of each profile, the last ones", numberOption(0, 1_000_000), 100)
    .option("--max-objects <n>", "how many objects the meter may have", numberOption(1, 65_535), 2000)
    .option("--max-octets <n>", "octets of values that are read", numberOption(1, 1_000_000_000), 4_194_304)
    .option("--max-time <seconds>", "for all of it", numberOption(1, 86_400), 600);
  lineOptions(meterOptions(command))
    .addHelpText(
      "after",
      "\nPasswords, keys, serial numbers and addresses are left out; values keep their types on the wire.\n\nExample: dlms clone 127.0.0.1:4059 --client 48 --auth hls --keys keys.json -o meter.json\n         dlms clone --import objects.xml -o meter.json\n         dlms simulate --template meter.json",
    )
    .action((place: string | undefined, options: CloneCommandOptions) => clone(place, options));
}
