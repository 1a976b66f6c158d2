import type { CapturedRowsView } from "@dlmskit/cosem-objects";

/** Rows of a profile as they are kept. */
export type KeptRows = Pick<CapturedRowsView, "count" | "range" | "entries">;
