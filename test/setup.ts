import { resolve } from "node:path";
import { configureGlobal } from "fast-check";
import { times } from "./campaign.ts";

// Runs of every property that does not say its own number.
configureGlobal({ numRuns: times(100) });

// Programs that tests start compile what others of them have compiled already only once (Node 22 or later; others do not look at it).
process.env.NODE_COMPILE_CACHE ??= resolve(import.meta.dirname, "../node_modules/.cache/dlmskit-compiled");
