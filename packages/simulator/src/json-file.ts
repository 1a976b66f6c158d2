import type { Fault } from "@dlmskit/core";
import type { z } from "zod";

/** A JSON file that users write. */
export interface JsonFile {
  /** Makes the Fault of an error at a place in the file. */
  bad(message: string, path: readonly string[]): Fault;
  /** Whether the file contains secrets: no message shows a part of it. */
  readonly secret?: boolean;
}

/** The JSON of a text, or the JSON that was already parsed. */
export function parsedJson(from: unknown, { bad, secret = false }: JsonFile): unknown {
  if (typeof from !== "string") return from;
  try {
    return JSON.parse(from);
  } catch (cause) {
    throw bad(secret || !(cause instanceof Error) ? "it is not JSON" : `it is not JSON: ${cause.message}`, []);
  }
}

/** Checks a value, which is at `place` of the file, against a schema. The first error becomes the Fault. */
export function checkedJson<S extends z.ZodType>(
  schema: S,
  value: unknown,
  { bad }: JsonFile,
  place: readonly string[] = [],
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  const path = [...place, ...issue.path.map(String)];
  if (issue.code === "unrecognized_keys") throw bad("this key is not known", [...path, issue.keys[0] as string]);
  throw bad((issue.code === "invalid_key" ? issue.issues[0]?.message : undefined) ?? issue.message, path);
}
