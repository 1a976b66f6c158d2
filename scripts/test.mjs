// `npm test [-- vitest's arguments]`: makes the clone ready, runs every test, and says last how many passed and failed.
import { readFileSync, rmSync } from "node:fs";
import { bootstrap } from "./bootstrap.mjs";
import { at, node, run } from "./workspace.mjs";

await bootstrap({ built: false });

const report = at("node_modules/.dlmskit-tests.json");
rmSync(report, { force: true });
let code = await run(node(), [
  at("node_modules/vitest/vitest.mjs"),
  "run",
  ...["--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
  ...process.argv.slice(2),
]);

let passed = 0;
let failed = 0;
try {
  const told = JSON.parse(readFileSync(report, "utf8"));
  passed = told.numPassedTests;
  failed = told.numFailedTests;
  // A file that could not be loaded has no tests to count, and is a failure all the same.
  failed += told.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
} catch {
  process.stdout.write("the test runner left no report\n");
}
if (passed + failed === 0) {
  process.stdout.write("no test ran\n");
  code ||= 1;
}
// An error outside every test fails the run: it must not look like a clean one.
if (code !== 0 && failed === 0) failed = 1;
if (failed > 0) code ||= 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = code;
