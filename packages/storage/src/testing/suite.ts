import { describe, expect, it } from "vitest";
import { changesSuite } from "./changes.ts";
import { commitsSuite } from "./commits.ts";
import { connectionsSuite } from "./connections.ts";
import { countersSuite } from "./counters.ts";
import { fleetsSuite } from "./fleets.ts";
import { expectFault, meter, type OpenStore, withStore } from "./harness.ts";
import { keepingSuite } from "./keeping.ts";
import { keyRotationsSuite } from "./key-rotations.ts";
import { messageQueueSuite } from "./message-queue.ts";
import { metersSuite } from "./meters.ts";
import { recordsSuite } from "./records.ts";
import { securitySuite } from "./security.ts";
import { snapshotsSuite } from "./snapshots.ts";
import { tablesSuite } from "./tables.ts";
import { usedKeysSuite } from "./used-keys.ts";
import { valuesSuite } from "./values.ts";

/** The tests that every store must pass. Vitest runs them on the stores that `open` creates. Each of them is empty. */
export function storageSuite(name: string, open: OpenStore): void {
  describe(`storage: ${name}`, () => {
    metersSuite(open);
    countersSuite(open);
    securitySuite(open);
    keyRotationsSuite(open);
    tablesSuite(open);
    changesSuite(open);
    connectionsSuite(open);
    valuesSuite(open);
    recordsSuite(open);
    messageQueueSuite(open);
    keepingSuite(open);
    commitsSuite(open);
    usedKeysSuite(open);
    fleetsSuite(open);
    snapshotsSuite(open);

    it("is closed once, and refuses what comes after", async () => {
      const { store } = await open();
      await store.close();
      await store.close();
      await expectFault(store.meters.count(), "store-closed");
      await expectFault(store.counters.reserve({ meterId: "a", keyId: "k" }, 0, 1), "store-closed");
      await expectFault(store.messageQueue.claim({ now: 0 }), "store-closed");
    });

    it("keeps what it holds when it is opened again", async () => {
      const { store, reopen } = await open();
      await store.meters.putIfAbsent([meter(1)]);
      const { upTo } = await store.counters.reserve({ meterId: "meter-1", keyId: "k" }, 0, 100);
      await store.close();
      if (reopen === undefined) return;
      await withStore(
        async () => ({ store: await reopen() }),
        async (again) => {
          expect(await again.meters.get("meter-1")).toMatchObject(meter(1));
          expect(await again.counters.reserve({ meterId: "meter-1", keyId: "k" }, 0, 1)).toEqual({
            from: upTo + 1,
            upTo: upTo + 1,
          });
        },
      );
    });
  });
}
