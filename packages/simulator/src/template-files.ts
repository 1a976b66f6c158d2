import { Fault } from "@dlmskit/core";
import { formOf, templateJson } from "./templates/data/form-of.ts";
import { parseTemplate } from "./templates/data/parse-template.ts";
import type { SimulatorTemplate } from "./templates/template.ts";
import { templates } from "./templates/templates.ts";

// In this folder, since a built package has its program one folder below the package, too.

// A bundler would take what stands in `new URL(…, import.meta.url)` for files of the program.
const here = import.meta.url;

/** The templates that come as files: read when one is asked for, so that a program that uses none does not have them. */
const files = [
  ...(["is15959-d2", "is15959-d3", "is15959-d4", "idis-2", "dsmr-5"] as const),
  ...(["nordic-han", "austria-push", "prepayment", "water", "gas"] as const),
];

/** The names of the templates that come with the package. */
export const templateNames: readonly string[] = [...templates.map(({ name }) => name), ...files];

/** The text of the file of a template that comes with the package: JSON to copy and change. Fault `unknown-template`. */
export async function templateText(name: string): Promise<string> {
  const found = templates.find((one) => one.name === name);
  if (found !== undefined) return templateJson(formOf(found));
  if (!(files as readonly string[]).includes(name)) throw unknown(name);
  // Not imported: a bundle for browsers would need a module of Node.
  const fs = globalThis.process?.getBuiltinModule?.("node:fs/promises");
  if (fs === undefined) {
    throw new Fault("unknown-template", `the template "${name}" is a file, and there are no files here`, {
      layer: "simulator",
      hint: "fetch templates/NAME.json of this package, and give its text to parseTemplate",
    });
  }
  return fs.readFile(new URL(`../templates/${name}.json`, here), "utf8");
}

/** A template that comes with the package, by its name. Fault `unknown-template`. */
export async function loadTemplate(name: string): Promise<SimulatorTemplate> {
  const found = templates.find((one) => one.name === name);
  return found ?? parseTemplate(await templateText(name));
}

const unknown = (name: string): Fault =>
  new Fault("unknown-template", `there is no template "${name}"`, {
    layer: "simulator",
    hint: `known are ${templateNames.join(", ")}; a template of your own is a file`,
  });
