import { MemoryState, openMemoryStore } from "../src/index.ts";
import { storageSuite } from "../src/testing.ts";

storageSuite("memory", async (options) => {
  const state = new MemoryState();
  return {
    store: await openMemoryStore(options, state),
    reopen: (again) => openMemoryStore(again, state),
    another: (other) => openMemoryStore(other, state),
  };
});
