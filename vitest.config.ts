import { defineConfig } from "vitest/config";
import { patience } from "./test/campaign.ts";

// Not "import": it would reach what a CommonJS dependency requires, too.
const conditions = ["dlmskit-source", "module", "node", "development|production"];

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
