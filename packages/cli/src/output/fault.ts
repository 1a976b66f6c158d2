import { Fault } from "@dlmskit/core";
import { errorColours } from "./colours.ts";

/** What anything thrown is for a person: what is wrong, where, and what to try. */
export function faultText(caught: unknown): string {
  if (!(caught instanceof Fault))
    return `${errorColours.red("error")}: ${caught instanceof Error ? caught.message : String(caught)}\n`;
  const where = [
    ...(caught.offset === undefined ? [] : [`octet ${caught.offset}`]),
    ...(caught.path.length === 0 ? [] : [caught.path.join(".")]),
  ];
  return [
    `${errorColours.red("error")}: ${caught.message} (${caught.layer} ${caught.code})`,
    ...(where.length === 0 ? [] : [`  at: ${where.join(", ")}`]),
    ...(caught.hint === undefined ? [] : [`  try: ${caught.hint}`]),
    "",
  ].join("\n");
}

/** The same for a program: the document `{"fault": {…}}`. */
export function faultJson(caught: unknown): string {
  const fault =
    caught instanceof Fault
      ? caught.toJSON()
      : { code: "error", layer: "cli", message: caught instanceof Error ? caught.message : String(caught) };
  return `${JSON.stringify({ fault })}\n`;
}
