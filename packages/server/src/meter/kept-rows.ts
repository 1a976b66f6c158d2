import type { CapturedRowsView } from "@dlmskit/cosem-objects";

/** The kept rows of a profile. */
export type KeptRows = Pick<CapturedRowsView, "count" | "range" | "entries">;
