import { Fault } from "@dlmskit/core";
import { errorColours } from "./colours.ts";
import { jsonText } from "./json.ts";
import { visible } from "./visible.ts";

const ofSystem: { readonly [code: string]: string } = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  EEXIST: "it already exists",
  ENOSPC: "no space is left",
  EROFS: "the file system is read-only",
  EMFILE: "this process has no file descriptor left",
};

/** Turns an error of the operating system into a Fault `system-error`, with the path and a hint. Gives anything else back unchanged. */
function asFault(caught: unknown): unknown {
  if (caught instanceof Fault || !(caught instanceof Error)) return caught;
  const { code, syscall, path } = caught as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return caught;
  const what = Object.hasOwn(ofSystem, code) ? ofSystem[code] : code;
  return new Fault("system-error", `${path ?? syscall}: ${what}`, {
    layer: "cli",
    detail: code,
    hint: path === undefined ? `the operating system refused ${syscall}` : "check the path and its permissions",
    cause: caught,
  });
}

/** The text of anything that was thrown: what is wrong, where, and what to try, one line each. */
export function faultText(thrown: unknown): string {
  const caught = asFault(thrown);
  if (!(caught instanceof Fault))
    return `${errorColours().red("error")}: ${visible(caught instanceof Error ? caught.message : String(caught))}\n`;
  const where = [
    ...(caught.offset === undefined ? [] : [`octet ${caught.offset}`]),
    ...(caught.path.length === 0 ? [] : [caught.path.join(".")]),
  ];
  return [
    `${errorColours().red("error")}: ${visible(caught.message)} (${caught.layer} ${caught.code})`,
    ...(where.length === 0 ? [] : [`  at: ${visible(where.join(", "))}`]),
    ...(caught.hint === undefined ? [] : caught.hint.split("\n").map((line) => `  try: ${visible(line)}`)),
    "",
  ].join("\n");
}

/** The same as a JSON document: `{"fault": {…}}`. */
export function faultJson(thrown: unknown): string {
  const caught = asFault(thrown);
  const fault =
    caught instanceof Fault
      ? caught.toJSON()
      : { code: "error", layer: "cli", message: caught instanceof Error ? caught.message : String(caught) };
  return `${jsonText({ fault })}\n`;
}
