import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { patience } from "./test/campaign.ts";

// Not "import": it would reach what a CommonJS dependency requires, too.
const conditions = ["dlmskit-source", "module", "node", "development|production"];

/** The files that take longest come first, also in a fresh clone, where nothing is known of the last run. */
const slow = ["/test/crash/simulate", "/packages/cli/", "/packages/storage-pg/", "/test/"];
const rank = ({ moduleId }: TestSpecification): number => {
  const found = slow.findIndex(
    (part) => moduleId.includes(part) && !(part === "/test/" && moduleId.includes("/packages/")),
  );
  return found < 0 ? slow.length : found;
};
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  // The sources are tested, with nothing built.
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["dlmskit-source"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    globals: false,
    pool: "forks",
    // Files share the modules of a process: loading them again for each took half of the time. No test leaves a module changed.
    isolate: false,
    // One less by default: but most of the time goes into programs that tests start and wait for.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: SlowFirst },
    setupFiles: ["./test/setup.ts"],
    testTimeout: patience,
    hookTimeout: patience,
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["packages/bench/**", "packages/fuzz/**"],
      reporter: ["text", "json-summary"],
      reportsDirectory: "coverage",
      // A failed test must not hide what the others cover.
      reportOnFailure: true,
    },
  },
});
