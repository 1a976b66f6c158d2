import type { Data, DataAccessResultName } from "@dlmskit/apdu";
import type { Incoming, ResultsOf } from "../src/index.ts";
import { shortNameNegotiable } from "../src/index.ts";
import { Bottle, type BottleOptions } from "./bottle.ts";
import { type Step, sequence } from "./sequences.ts";

export const octets = (id: string, step: number): string => (sequence(id).steps[step] as Step).hex;

export const all = [...shortNameNegotiable].filter((name) => name !== "general-protection");

export function bottle(options: BottleOptions = {}): Bottle {
  const context = "short-name" as const;
  return new Bottle({
    ...options,
    client: { context, conformance: all, ...options.client },
    offer: { context, conformance: all, ...options.offer },
  }).open();
}

export type Values = { readonly [shortName: number]: Data | DataAccessResultName };

/** A server whose short names have these values. */
export const withValues =
  (values: Values) =>
  ({ request }: Incoming): ResultsOf => {
    const found = (name: number) => values[name] ?? "object-undefined";
    if (request.service === "read") {
      return request.items.map(({ variableName }) => {
        const value = found(variableName);
        return typeof value === "string" ? { error: value } : { data: value };
      });
    }
    if (request.service !== "write") return [];
    return request.items.map(({ variable }) => {
      const value = found(variable.variableName);
      return typeof value === "string" ? value : "success";
    });
  };

export const int32 = (value: number): Data => ({ type: "double-long-unsigned", value });
export const none: Data = { type: "null-data" };
export const fifty: Data = { type: "octet-string", value: Uint8Array.from({ length: 50 }, (_, at) => 0x41 + at) };
