import { templates } from "@dlmskit/simulator";
import type { Command } from "commander";
import { io } from "../io.ts";
import { table } from "../output/table.ts";

/** `dlms templates`: the meter templates that are included. */
export function templatesCommand(program: Command): void {
  program
    .command("templates")
    .description("lists the meter templates")
    .option("--json", "prints one JSON document per line")
    .addHelpText("after", "\nExample: dlms templates --json")
    .action(({ json }: { json?: boolean }) => {
      const all = templates.map(({ name, title }) => ({ name, title }));
      if (json) for (const one of all) io().stdout.write(`${JSON.stringify(one)}\n`);
      else {
        io().stdout.write(
          table(
            [{ title: "name" }, { title: "meter" }],
            all.map(({ name, title }) => [name, title]),
          ),
        );
      }
    });
}
