import { Fault } from "@dlmskit/core";
import { loadTemplate, parseTemplate, type SimulatorTemplate, templateNames } from "@dlmskit/simulator";
import { readText } from "./keys-file.ts";

const looksLikeFile = (name: string): boolean => name.includes("/") || name.includes("\\") || name.endsWith(".json");

/** Whether a text names a template or a file, and no host. */
export const isTemplate = (name: string): boolean => templateNames.includes(name) || looksLikeFile(name);

/** The template of `--template`: one that comes with the packages, or a file. Faults `unknown-template`, `no-such-file`, `bad-template-file`. */
export async function readTemplate(name: string): Promise<SimulatorTemplate> {
  if (templateNames.includes(name)) return loadTemplate(name);
  const text = readText(name);
  if (text !== undefined) return parseTemplate(text);
  if (!looksLikeFile(name)) return loadTemplate(name);
  throw new Fault("no-such-file", `the file ${name} cannot be read`, { layer: "cli" });
}
