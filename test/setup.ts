import { configureGlobal } from "fast-check";

// FC_NUM_RUNS=10000 npm test: as many runs of every property that does not say its own number.
const runs = Number(process.env.FC_NUM_RUNS ?? 100);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`FC_NUM_RUNS is not a count: ${process.env.FC_NUM_RUNS}`);
configureGlobal({ numRuns: runs });
