import { importGurux, type LeftOut, type TemplateForm } from "@dlmskit/simulator";
import { readTextFile } from "../capture-input.ts";
import { io } from "../io.ts";
import { visible } from "../output/visible.ts";

interface ImportOptions {
  readonly name: string;
  readonly output: string;
  readonly importDevice?: string;
  readonly json?: boolean;
}

const longest = 200;
const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text);

const lineOf = ({ object, attribute, why }: LeftOut): string =>
  `not taken: ${visible([cut(object), ...(attribute === undefined ? [] : [cut(attribute)])].join(" "))}: ${visible(cut(why))}\n`;

/** The template of a Gurux file. Says what is not taken. Faults `no-such-file`, and those of `importGurux`. */
export function importedTemplate(path: string, options: ImportOptions): TemplateForm {
  const { name, output, importDevice: device, json } = options;
  const { form, left } = importGurux(readTextFile(path), { name, ...(device !== undefined && { device }) });
  const { length: objects } = form.objects;
  const values = form.objects.reduce((sum, { attributes = {} }) => sum + Object.keys(attributes).length, 0);
  const { stdout, stderr } = io();
  if (json) stdout.write(`${JSON.stringify({ file: output, objects, values, left })}\n`);
  else {
    for (const one of left) stderr.write(lineOf(one));
    stdout.write(`${output}: ${objects} objects, ${values} values, ${left.length} not taken\n`);
  }
  return form;
}
