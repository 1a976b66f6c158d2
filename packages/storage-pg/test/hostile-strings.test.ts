import { isDeepStrictEqual as equals } from "node:util";
import { openMemoryStore } from "@dlmskit/storage";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong, times } from "../../../test/campaign.ts";
import { played, program, type Texts } from "./hostile-program.ts";
import { type Bench, startBench } from "./pglite-schemas.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
}, 120_000);
afterAll(() => bench?.close());

const pieces = [
  ...["'", '"', "\\", "\\'", "''", ";", "--", "/*", "*/", "$1", "$$", "%", "_", "?", "{}", "[]", "{", ",", ":", "\n"],
  ...["'; DROP TABLE meters; --", "' OR '1'='1", "1); DELETE FROM meters; --", "NULL", "null", "true", "\\x00", "\\N"],
  ...[
    "end 1",
    "security_settings x",
    "pg_sleep(9)",
    "\u0000",
    "\u0001",
    "\ud800",
    "\u{1f600}",
    "é",
    "e\u0301",
    "\u202e",
  ],
  ...["0.0.96.1.0.255", "0.0.43.0.3.255", "1.2.3", "a".repeat(99), " ", "\t", "\r", "\ufeff", "ABC", "IDLE"],
];
const hostile = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5, unit: "binary" })), {
  maxLength: 4,
});
const text = hostile.map((parts) => parts.join(""));
const texts: fc.Arbitrary<Texts> = fc.record({ one: text, two: text, three: text });

const tables = async (): Promise<unknown> =>
  (await bench.db.query("SELECT count(*)::int AS count FROM information_schema.columns WHERE table_schema = 'public'"))
    .rows;

const examples: [Texts][] = [
  [{ one: "\ufeff", two: "\ufeffa", three: "a\ufeff" }],
  [{ one: "'; DROP TABLE meters; --", two: "$1', '\\", three: "\" OR '1'='1\n\t" }],
];

const isRefusal = (outcome: unknown): boolean =>
  typeof outcome === "string" && /^Fault (bad-value|bad-logical-name|unknown-reference|duplicate)\b/.test(outcome);
const isNothing = (outcome: unknown): boolean => outcome === undefined || equals(outcome, []) || !outcome;

/** The same, or nothing was found of a text that the other one refuses. */
const agree = (one: unknown, other: unknown): boolean =>
  equals(one, other) ||
  (isRefusal(one) && (isRefusal(other) || isNothing(other))) ||
  (isRefusal(other) && isNothing(one));

describe("hostile text", () => {
  it("is asked of every repository", async () => {
    await using store = await openMemoryStore();
    const repositories = Object.entries(store).flatMap(([key, value]) =>
      typeof value === "object" && value !== null ? [key] : [],
    );
    const asked = new Set(Object.keys(program).map((name) => name.split(/[.,]/)[0]));
    expect(repositories.filter((name) => !asked.has(name))).toEqual([]);
    expect(asked.size).toBeGreaterThan(15);
  });

  it("is kept as it is, or refused, by each repository as by the store in memory; nothing of it is run", async () => {
    await bench.empty();
    const before = await tables();
    await fc.assert(
      fc.asyncProperty(texts, async (three) => {
        await bench.empty();
        await using memory = await openMemoryStore();
        await using store = await bench.store();
        const [inDatabase, inMemory] = [await played(store, three), await played(memory, three)];
        const differing = Object.keys(program).filter((name) => !agree(inDatabase[name], inMemory[name]));
        expect(differing.map((name) => [name, inDatabase[name], inMemory[name]])).toEqual([]);
      }),
      { numRuns: isLong ? times(4) : 1, examples },
    );
    expect(await tables()).toEqual(before);
  });
});
