import { describe, expect, it } from "vitest";
import type { SecuritySetting } from "../tables/security-settings.ts";
import { expectFault, key, meter, type OpenStore, testSealing, withStore } from "./harness.ts";

const instanceId = "0.0.43.0.3.255";
const day = 86_400;

function setting(number: number, more: Partial<SecuritySetting> = {}): SecuritySetting {
  const { meterId } = meter(number);
  return {
    ...{ meterId, instanceId, securityPolicy: 3, securitySuite: 0, keyVersion: 1 },
    ...{ encryptionKey: key(1), authenticationKey: key(2), masterKey: key(3) },
    ...more,
  };
}

export function keyRotationsSuite(open: OpenStore): void {
  describe("keyRotations", () => {
    const at = Date.UTC(2030, 0, 31);
    const { meterId } = meter(1);

    it("finds what is due: the interval has passed, or a change is pending", () =>
      withStore(open, async ({ meters, securitySettings, keyRotations }) => {
        await meters.putIfAbsent([1, 2, 3, 4].map(meter));
        await securitySettings.putIfAbsent([
          setting(4, { globalKeyChangeInterval: day, lastKeyChange: at - day * 1000 }),
          setting(2, { globalKeyChangeInterval: day, lastKeyChange: at - day * 1000 + 1 }),
          setting(1),
          setting(3, { globalKeyChangeInterval: day }),
        ]);
        const due = async (): Promise<unknown> => (await keyRotations.due(at)).map((one) => one.meterId);
        // The keys of the third meter were never changed after it was created.
        expect(await due()).toEqual(["meter-3", "meter-4"]);
        await keyRotations.propose(meterId, instanceId, { encryptionKey: key(7) }, at);
        expect(await keyRotations.due(at)).toEqual(
          [1, 3, 4].map((number) => ({ meterId: meter(number).meterId, instanceId })),
        );
        await keyRotations.confirm("meter-4", instanceId, at);
        await keyRotations.confirm(meterId, instanceId, at);
        await securitySettings.changeKeys("meter-4", instanceId, { encryptionKey: key(8) }, at);
        expect(await due()).toEqual(["meter-3"]);
      }));

    for (const sealing of [undefined, testSealing(1)]) {
      it(`changes keys in two steps, ${sealing === undefined ? "as they are" : "sealed"}`, () =>
        withStore(
          open,
          async ({ meters, securitySettings, keyRotations }) => {
            await meters.putIfAbsent([meter(1)]);
            await securitySettings.putIfAbsent([setting(1)]);
            expect(await keyRotations.pending(meterId, instanceId)).toBe(undefined);
            expect(await keyRotations.confirm(meterId, instanceId, at)).toBe(1);
            const keys = { encryptionKey: key(7), authenticationKey: key(8) };
            expect(await keyRotations.propose(meterId, instanceId, keys, at)).toEqual({ keys, since: at });
            // A later proposal continues with the pending keys.
            const others = { encryptionKey: key(9) };
            expect(await keyRotations.propose(meterId, instanceId, others, at + 1)).toEqual({ keys, since: at });
            expect(await keyRotations.pending(meterId, instanceId)).toEqual({ keys, since: at });
            expect((await securitySettings.of(meterId))[0]).toMatchObject(setting(1));
            expect(await keyRotations.confirm(meterId, instanceId, at + 5)).toBe(2);
            expect(await keyRotations.confirm(meterId, instanceId, at + 6)).toBe(2);
            expect(await keyRotations.pending(meterId, instanceId)).toBe(undefined);
            expect((await securitySettings.of(meterId))[0]).toMatchObject({
              ...setting(1, { ...keys, keyVersion: 2, lastKeyChange: at + 5 }),
            });
            expect(await securitySettings.formerKeys(meterId, instanceId)).toEqual([
              { name: "authenticationKey", keyVersion: 1, key: key(2), until: at + 5 },
              { name: "encryptionKey", keyVersion: 1, key: key(1), until: at + 5 },
            ]);
          },
          sealing === undefined ? {} : { sealing },
        ));
    }

    it("keeps what is pending, and seals it when it is opened with a key-encryption key", async () => {
      const { store, reopen } = await open();
      await store.meters.putIfAbsent([meter(1)]);
      await store.securitySettings.putIfAbsent([setting(1)]);
      const keys = { encryptionKey: key(7), authenticationKey: key(8), masterKey: key(9), broadcastKey: key(10) };
      await store.keyRotations.propose(meterId, instanceId, keys, at);
      await store.close();
      if (reopen === undefined) return;
      await withStore(
        async () => ({ store: await reopen({ sealing: testSealing(1) }) }),
        async ({ keyRotations, securitySettings }) => {
          expect(await keyRotations.pending(meterId, instanceId)).toEqual({ keys, since: at });
          expect(await keyRotations.confirm(meterId, instanceId, at)).toBe(2);
          expect((await securitySettings.of(meterId))[0]).toMatchObject(keys);
        },
      );
    });

    it("refuses a Security setup that there is not, and keys that are none", () =>
      withStore(open, async ({ meters, securitySettings, keyRotations }) => {
        await meters.putIfAbsent([meter(1)]);
        await securitySettings.putIfAbsent([setting(1)]);
        const keys = { encryptionKey: key(7) };
        await expectFault(keyRotations.pending("nobody", instanceId), "unknown-reference");
        await expectFault(keyRotations.propose(meterId, "0.0.43.0.9.255", keys, at), "unknown-reference");
        await expectFault(keyRotations.confirm("nobody", instanceId, at), "unknown-reference");
        await expectFault(keyRotations.propose(meterId, instanceId, {}, at), "bad-value");
        await expectFault(keyRotations.propose(meterId, instanceId, { encryptionKey: key(7, 15) }, at), "bad-value");
        expect(await keyRotations.pending(meterId, instanceId)).toBe(undefined);
      }));
  });
}
