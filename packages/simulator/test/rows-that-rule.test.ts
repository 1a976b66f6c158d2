import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { rowsSuite } from "./rows-suite.ts";

rowsSuite("memory", async () => {
  const state = new MemoryState();
  return { store: await openMemoryStore({}, state), editor: await openMemoryStore({}, state) };
});
