import { type TemplateForm, templateNames, templateText } from "@dlmskit/simulator";
import type { Command } from "commander";
import { io } from "../io.ts";
import { table } from "../output/table.ts";

async function summaryOf(template: string) {
  const file: TemplateForm = JSON.parse(await templateText(template));
  const { name, title, kind, country, confidence, objects } = file;
  return { name, title, ...{ kind, country, confidence }, objects: objects.length };
}

async function list(json: boolean): Promise<void> {
  const all = await Promise.all(templateNames.map(summaryOf));
  if (json) {
    for (const one of all) io().stdout.write(`${JSON.stringify(one)}\n`);
    return;
  }
  const text = table(
    [
      ...[{ title: "name" }, { title: "country" }, { title: "objects", align: "right" as const }],
      ...[{ title: "confidence" }, { title: "kind" }, { title: "meter" }],
    ],
    all.map(({ name, country = "", objects, confidence = "", kind = "", title }) => [
      ...[name, country, String(objects), confidence, kind, title],
    ]),
  );
  io().stdout.write(text);
}

/** `dlms templates`: the kinds of meter that come with it, or the file of one. */
export function templatesCommand(program: Command): void {
  program
    .command("templates")
    .description("lists the meter templates, or prints one to copy and change")
    .argument("[name]", "prints the file of this template")
    .option("--json", "prints one JSON document per line")
    .addHelpText(
      "after",
      "\nExamples: dlms templates --json\n          dlms templates idis-2 > mine.json\n          dlms simulate --template mine.json",
    )
    .action(async (name: string | undefined, { json = false }: { json?: boolean }) => {
      if (name === undefined) await list(json);
      else io().stdout.write(await templateText(name));
    });
}
