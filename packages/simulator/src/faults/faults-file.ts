import { Fault } from "@dlmskit/core";
import { z } from "zod";
import { InstantText, instantOfText } from "../instant-text.ts";
import { checkedJson, parsedJson } from "../json-file.ts";
import { type FaultName, faultKind, faultNames } from "./fault-kinds.ts";

const meters = z.union(
  [
    z.literal("all"),
    z.strictObject({ serials: z.array(z.string()).min(1) }),
    z.strictObject({ first: z.int().min(0), count: z.int().min(1) }),
    z.strictObject({ share: z.number().min(0).max(1) }),
  ],
  'expected "all", {"serials": […]}, {"first": 0, "count": 100} or {"share": 0.05}',
);

const entry = z.strictObject({
  /** The name that switches the fault on and off. By default the name of the fault kind, with a number if it occurs twice. */
  name: z.string().min(1).optional(),
  fault: z.enum(faultNames, {
    error: ({ input }) => `there is no fault ${JSON.stringify(input)}; known are ${faultNames.join(", ")}`,
  }),
  meters: meters.default("all"),
  start: InstantText.optional(),
  end: InstantText.optional(),
  on: z.boolean().default(true),
  with: z.unknown().optional(),
});

const file = z.strictObject({
  version: z.literal(1, "expected version 1").default(1),
  /** The seed for shares and probabilities; the seed of the fleet by default. */
  seed: z.string().optional(),
  faults: z.array(entry),
});

/** The meters that have a fault. `share`: a part of the fleet. The same seed and name give the same meters. */
export type FaultedMeters = z.output<typeof meters>;

/** A fault of some meters of a fleet, in simulated time. */
export interface FaultSpec {
  readonly name: string;
  readonly fault: FaultName;
  readonly meters: FaultedMeters;
  /** The start of the fault, ms since 1970 UTC of simulated time; by default the fault is active from the beginning. */
  readonly start?: number;
  /** The end of the fault; by default the fault has no end. */
  readonly end?: number;
  /** Whether the fault is switched on. */
  readonly on: boolean;
  /** The parameters as the schema of the fault defines them, with the defaults filled in. */
  readonly parameters: unknown;
}

/** The result of `parseFaults`. */
export interface FaultsFile {
  readonly seed?: string;
  readonly faults: readonly FaultSpec[];
}

function bad(message: string, path: readonly string[]): Fault {
  const where = path.length === 0 ? "" : ` at ${path.join(".")}`;
  const fault = new Fault("bad-faults-file", `faults${where}: ${message}`, {
    layer: "simulator",
    hint: 'for example {"faults": [{"fault": "slow", "meters": {"share": 0.05}, "with": {"ms": [500, 4000]}}]}',
  });
  fault.path.push(...path);
  return fault;
}

/**
 * Reads faults as data: `{"version": 1, "seed": "…", "faults": [{"name", "fault", "meters", "start", "end", "on", "with"}]}`. The input is
 * a text or the parsed JSON. A `start` or `end` without a zone is local time `zoneMinutesEast` of UTC: give the zone of the template. Fault
 * `bad-faults-file`, whose path is the place of the error.
 */
export function parseFaults(
  json: unknown,
  { zoneMinutesEast = 0 }: { readonly zoneMinutesEast?: number } = {},
): FaultsFile {
  const { seed, faults } = checkedJson(file, parsedJson(json, { bad }), { bad });
  const names = new Set<string>();
  const specs = faults.map((one, at): FaultSpec => {
    const { fault, on, name = freeName(fault, names) } = one;
    const [start, end] = [one.start, one.end].map((text) =>
      text === undefined ? undefined : instantOfText(text, zoneMinutesEast),
    );
    const path = ["faults", String(at)];
    if (names.has(name)) throw bad(`the name ${JSON.stringify(name)} is there twice`, [...path, "name"]);
    names.add(name);
    if (start !== undefined && end !== undefined && end <= start) throw bad("it is not after start", [...path, "end"]);
    return {
      ...{ name, fault, meters: one.meters, on },
      parameters: checkedJson(faultKind(fault).parameters, one.with ?? {}, { bad }, [...path, "with"]),
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
    };
  });
  return { faults: specs, ...(seed === undefined ? {} : { seed }) };
}

function freeName(fault: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? fault : `${fault} ${number}`;
    if (!taken.has(name)) return name;
  }
}

/** The JSON form of faults, as `parseFaults` reads it. */
export const faultsToJson = ({ seed, faults }: FaultsFile) => ({
  version: 1,
  ...(seed === undefined ? {} : { seed }),
  faults: faults.map(({ name, fault, meters: of, start, end, on, parameters }) => ({
    ...{ name, fault, meters: of, on, with: parameters },
    ...(start === undefined ? {} : { start: new Date(start).toISOString() }),
    ...(end === undefined ? {} : { end: new Date(end).toISOString() }),
  })),
});
