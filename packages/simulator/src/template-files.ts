import { Fault } from "@dlmskit/core";
import { formOf, templateJson } from "./templates/data/form-of.ts";
import { parseTemplate } from "./templates/data/parse-template.ts";
import type { SimulatorTemplate } from "./templates/template.ts";
import { templates } from "./templates/templates.ts";

// This file is in this folder because the program of a built package is also one folder below the package.

// A bundler treats the text in `new URL(…, import.meta.url)` as the name of a file of the program.
const here = import.meta.url;

/**
 * The templates of the package that are files. A file is read only when its template is requested, so a program without templates does not
 * load them.
 */
const files = [
  ...(["is15959-d2", "is15959-d3", "is15959-d4", "idis-2", "dsmr-5"] as const),
  ...(["nordic-han", "austria-push", "swiss-push", "czech-push"] as const),
  ...(["prepayment", "water", "gas"] as const),
];

/** The names of the templates that come with the package. */
export const templateNames: readonly string[] = [...templates.map(({ name }) => name), ...files];

/** The text of the template file of a template of the package. It is JSON that can be copied and changed. Fault `unknown-template`. */
export async function templateText(name: string): Promise<string> {
  const found = templates.find((one) => one.name === name);
  if (found !== undefined) return templateJson(formOf(found));
  if (!(files as readonly string[]).includes(name)) throw unknown(name);
  // This is not an import, because a bundle for browsers would then need a module of Node.
  const fs = globalThis.process?.getBuiltinModule?.("node:fs/promises");
  if (fs === undefined) {
    throw new Fault("unknown-template", `the template "${name}" is a file, and there are no files here`, {
      layer: "simulator",
      hint: "fetch templates/NAME.json of this package, and give its text to parseTemplate",
    });
  }
  return fs.readFile(new URL(`../templates/${name}.json`, here), "utf8");
}

/** A template of the package, by its name. Fault `unknown-template`. */
export async function loadTemplate(name: string): Promise<SimulatorTemplate> {
  const found = templates.find((one) => one.name === name);
  return found ?? parseTemplate(await templateText(name));
}

const unknown = (name: string): Fault =>
  new Fault("unknown-template", `there is no template "${name}"`, {
    layer: "simulator",
    hint: `known are ${templateNames.join(", ")}; a template of your own is a file`,
  });
