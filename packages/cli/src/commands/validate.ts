import {
  type Finding,
  formOf,
  loadTemplate,
  type TemplateForm,
  templateNames,
  validateObjectList,
} from "@dlmskit/simulator";
import type { Command } from "commander";
import { io } from "../io.ts";
import { clonedMeter } from "../meter/cloned.ts";
import { lineOptions, type MeterOptions, meterOptions } from "../meter/meter-options.ts";
import { table } from "../output/table.ts";
import { isTemplate, readTemplate } from "../template-file.ts";

interface ValidateOptions extends MeterOptions {
  readonly against: string;
}

/** What is held: a template by name or file, else a meter. One client alone sees a meter or a clone of it. */
async function listOf(what: string, options: ValidateOptions): Promise<{ list: TemplateForm; client?: number }> {
  if (!isTemplate(what))
    return { list: await clonedMeter(what, options, "meter", { rows: 0 }), client: options.client };
  const list = formOf(await readTemplate(what));
  const seenBy = list.values === "static" ? clientOf(list) : undefined;
  return seenBy === undefined ? { list } : { list, client: seenBy };
}

/** The client that a clone was made by: the only one with access. */
function clientOf({ objects }: TemplateForm): number | undefined {
  const clients = new Set(objects.flatMap(({ access = {} }) => Object.keys(access)));
  return clients.size === 1 ? Number([...clients][0]) : undefined;
}

async function validate(what: string, options: ValidateOptions): Promise<void> {
  const standard = formOf(await loadTemplate(options.against));
  const { list, client } = await listOf(what, options);
  const findings = validateObjectList(list, standard, client === undefined ? {} : { client });
  if (options.json) for (const one of findings) io().stdout.write(`${JSON.stringify(one)}\n`);
  else tell(findings, standard, client);
  if (findings.length > 0) io().exitCode = 1;
}

function tell(
  findings: readonly Finding[],
  { name, objects, clients }: TemplateForm,
  client: number | undefined,
): void {
  if (findings.length > 0) {
    io().stdout.write(
      table(
        ["clause", "logical name", "what it is", "attribute", "expected", "found", "confidence"].map((title) => ({
          title,
        })),
        findings.map(
          ({ clause, instanceId, name: of = "", attributeId, expected, found = "nothing", confidence = "" }) => [
            ...[
              clause,
              instanceId,
              of,
              attributeId === undefined ? "" : String(attributeId),
              expected,
              found,
              confidence,
            ],
          ],
        ),
      ),
    );
  }
  // A client that the standard does not define is held to all of it.
  const known = clients.some((one) => one.client === client);
  const held = `the ${objects.length} objects of ${name}${known ? `, as far as client ${client} may use them` : ""}`;
  io().stdout.write(`${findings.length} differences from ${held}\n`);
}

/** `dlms validate`: an object list against a companion standard. */
export function validateCommand(program: Command): void {
  const command = program
    .command("validate")
    .description("holds an object list against a companion standard; exit 1 if something is missing or differs")
    .argument("<file or host[:port]>", "a template (name or file), a clone, or a meter")
    .requiredOption("--against <name>", `the standard: ${templateNames.join(", ")}`);
  lineOptions(meterOptions(command))
    .addHelpText(
      "after",
      "\nExamples: dlms validate mine.json --against idis-2\n          dlms validate 127.0.0.1:4059 --client 48 --auth hls --keys keys.json --against is15959-d1",
    )
    .action((what: string, options: ValidateOptions) => validate(what, options));
}
