import { configureGlobal } from "fast-check";
import { times } from "./campaign.ts";

// Runs of every property that does not say its own number.
configureGlobal({ numRuns: times(100) });
