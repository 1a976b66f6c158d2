import { defineConfig } from "vitest/config";

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
    setupFiles: ["./test/setup.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
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
