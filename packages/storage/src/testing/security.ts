import { describe, expect, it } from "vitest";
import type { Store } from "../store.ts";
import type { SecuritySetting } from "../tables/security-settings.ts";
import { expectFault, key, meter, type OpenStore, testSealing, withStore } from "./harness.ts";

const { meterId } = meter(1);
const instanceId = "0.0.43.0.3.255";
const setting: SecuritySetting = {
  meterId,
  instanceId,
  securityPolicy: 3,
  securitySuite: 0,
  encryptionKey: key(1),
  authenticationKey: key(2),
  masterKey: key(3),
  keyVersion: 1,
  globalKeyChangeInterval: 86400,
};
const secret = { meterId, clientId: 32, instanceId: "0.0.40.0.2.255", secret: key(9, 11) };

async function filled({ meters, securitySettings }: Store): Promise<void> {
  await meters.putIfAbsent([meter(1)]);
  await securitySettings.putIfAbsent([setting]);
  await securitySettings.setSecret(secret);
}

export function securitySuite(open: OpenStore): void {
  describe("securitySettings", () => {
    for (const sealing of [undefined, testSealing(1)]) {
      const how = sealing === undefined ? "as they are" : "sealed";
      const options = sealing === undefined ? {} : { sealing };
      it(`keeps keys ${how}, and puts only what is absent`, () =>
        withStore(
          open,
          async (store) => {
            expect(store.sealed).toBe(sealing !== undefined);
            await filled(store);
            const { securitySettings } = store;
            const again = { ...setting, encryptionKey: key(7) };
            const second = { ...setting, instanceId: "0.0.43.0.2.255", broadcastKey: key(4, 32), policyBits: 0x24 };
            expect(await securitySettings.putIfAbsent([again, second])).toBe(1);
            const rows = await securitySettings.of(meterId);
            expect(rows).toHaveLength(2);
            expect(rows[0]).toMatchObject(second);
            expect(rows[1]).toMatchObject(setting);
            expect(Object.keys(rows[1] ?? {})).not.toContain("broadcastKey");
            expect(await securitySettings.putSecretsIfAbsent([{ ...secret, secret: key(8) }])).toBe(0);
            expect(await securitySettings.putSecretsIfAbsent([{ ...secret, clientId: 48, secret: key(1, 0) }])).toBe(1);
            expect(await securitySettings.secretsOf(meterId)).toEqual([
              secret,
              { ...secret, clientId: 48, secret: key(1, 0) },
            ]);
            await store.meters.putIfAbsent([meter(2), meter(3)]);
            const ofOther = { ...setting, meterId: meter(2).meterId };
            await securitySettings.putIfAbsent([ofOther]);
            await securitySettings.putSecretsIfAbsent([{ ...secret, meterId: meter(2).meterId }]);
            const ids = [meterId, meter(2).meterId, meter(3).meterId, "nobody", meterId];
            const many = await securitySettings.ofMany(ids);
            expect(many).toHaveLength(3);
            for (const row of rows) expect(many).toContainEqual(row);
            expect(many.find((row) => row.meterId === meter(2).meterId)).toMatchObject(ofOther);
            expect(await securitySettings.ofMany([meter(3).meterId])).toEqual([]);
            const secrets = await securitySettings.secretsOfMany(ids);
            expect(secrets).toHaveLength(3);
            expect(secrets).toContainEqual({ ...secret, meterId: meter(2).meterId });
            expect(await securitySettings.secretsOfMany([])).toEqual([]);
            await securitySettings.setSecret({ ...secret, secret: key(5, 255) });
            expect((await securitySettings.secretsOf(meterId))[0]?.secret).toEqual(key(5, 255));
          },
          options,
        ));
    }

    it("changes keys, counts the change and keeps the former ones", () =>
      withStore(
        open,
        async (store) => {
          await filled(store);
          const { securitySettings } = store;
          expect(await securitySettings.changeKeys(meterId, instanceId, { encryptionKey: key(11) }, 5000)).toBe(2);
          expect(
            await securitySettings.changeKeys(
              meterId,
              instanceId,
              { encryptionKey: key(12), masterKey: key(13), broadcastKey: key(14) },
              6000,
            ),
          ).toBe(3);
          expect((await securitySettings.of(meterId))[0]).toMatchObject({
            encryptionKey: key(12),
            authenticationKey: key(2),
            masterKey: key(13),
            broadcastKey: key(14),
            keyVersion: 3,
            lastKeyChange: 6000,
          });
          expect(await securitySettings.formerKeys(meterId, instanceId)).toEqual([
            { name: "encryptionKey", keyVersion: 2, key: key(11), until: 6000 },
            { name: "masterKey", keyVersion: 2, key: key(3), until: 6000 },
            { name: "encryptionKey", keyVersion: 1, key: key(1), until: 5000 },
          ]);
          await expectFault(securitySettings.changeKeys(meterId, instanceId, {}, 0), "bad-value");
          await expectFault(
            securitySettings.changeKeys(meterId, "0.0.43.0.9.255", { masterKey: key(1) }, 0),
            "unknown-reference",
          );
        },
        { sealing: testSealing(1) },
      ));

    it("sets the policy", () =>
      withStore(open, async (store) => {
        await filled(store);
        const { securitySettings } = store;
        await securitySettings.setPolicy(meterId, instanceId, { securityPolicy: 1, securitySuite: 1, policyBits: 4 });
        expect((await securitySettings.of(meterId))[0]).toMatchObject({
          securityPolicy: 1,
          securitySuite: 1,
          policyBits: 4,
        });
        await securitySettings.setPolicy(meterId, instanceId, { securityPolicy: 2, securitySuite: 0 });
        const [row] = await securitySettings.of(meterId);
        expect(row?.securityPolicy).toBe(2);
        expect(row?.policyBits).toBeUndefined();
        const wrong = { securityPolicy: 4, securitySuite: 0 };
        await expectFault(securitySettings.setPolicy(meterId, instanceId, wrong), "bad-value");
        await expectFault(
          securitySettings.setPolicy("nobody", instanceId, { ...wrong, securityPolicy: 0 }),
          "unknown-reference",
        );
      }));

    it("knows the meters that it keeps keys of", () =>
      withStore(open, async ({ securitySettings }) => {
        await expectFault(securitySettings.putIfAbsent([setting]), "unknown-reference");
        await expectFault(securitySettings.setSecret(secret), "unknown-reference");
        await expectFault(securitySettings.putIfAbsent([{ ...setting, masterKey: key(1, 15) }]), "bad-value", [
          "security_settings",
          "master_key",
        ]);
      }));

    for (const sealing of [undefined, testSealing(1)]) {
      it(`keeps key pairs ${sealing === undefined ? "as they are" : "sealed"}`, () =>
        withStore(
          open,
          async (store) => {
            await filled(store);
            const { keyPairs } = store;
            const pair = {
              meterId,
              instanceId,
              usage: 0,
              pending: false,
              privateKey: key(21, 32),
              publicKey: key(22, 64),
            };
            const other = { ...pair, usage: 1, privateKey: key(23, 48), publicKey: key(24, 96) };
            expect(await keyPairs.of(meterId)).toEqual([]);
            expect(await keyPairs.putIfAbsent([other, pair])).toBe(2);
            expect(await keyPairs.putIfAbsent([{ ...pair, privateKey: key(25, 32) }])).toBe(0);
            expect(await keyPairs.of(meterId)).toEqual([pair, other]);
            await keyPairs.put([{ ...pair, privateKey: key(26, 32) }]);
            expect((await keyPairs.of(meterId))[0]?.privateKey).toEqual(key(26, 32));
            await expectFault(keyPairs.put([pair, { ...pair, privateKey: key(1, 31) }]), "bad-value", [
              "key_pairs",
              "private_key",
            ]);
            await expectFault(keyPairs.put([pair, { ...other, meterId: "nobody" }]), "unknown-reference");
            expect((await keyPairs.of(meterId))[0]?.privateKey).toEqual(key(26, 32));
            expect(await keyPairs.putIfAbsent([])).toBe(0);
            const next = { ...pair, pending: true, privateKey: key(27, 32) };
            expect(await keyPairs.putIfAbsent([next])).toBe(1);
            expect(await keyPairs.of(meterId)).toEqual([{ ...pair, privateKey: key(26, 32) }, next, other]);
            expect(await keyPairs.promote(next)).toBe(true);
            expect(await keyPairs.of(meterId)).toEqual([{ ...next, pending: false }, other]);
            expect(await keyPairs.promote(next)).toBe(false);
            expect(await keyPairs.of(meterId)).toHaveLength(2);
          },
          sealing === undefined ? {} : { sealing },
        ));
    }

    it("finds certificates by serial number and by entity", () =>
      withStore(open, async (store) => {
        await filled(store);
        const { certificates } = store;
        const one = {
          meterId,
          instanceId,
          certificateEntity: 0,
          certificateUsage: 1,
          serialNumber: key(1, 8),
          issuer: key(2, 40),
          systemTitle: key(3, 8),
          entityId: 1,
          certificateType: "DEVICE" as const,
          certificateData: key(4, 300),
          validFrom: 0,
          validUntil: 1000,
        };
        const client = { ...one, certificateEntity: 1, serialNumber: key(5, 8), certificateType: "CLIENT" as const };
        const loose = {
          entityId: 0,
          certificateType: "AUTHORITY" as const,
          certificateData: key(6),
          validFrom: 0,
          validUntil: 1,
        };
        const ids = await certificates.addAll([one, client, loose, loose]);
        const found = async (query: object) =>
          (await certificates.find({ meterId, ...query })).map(({ id }) => ids.indexOf(id));
        expect(await found({})).toEqual([0, 1]);
        expect(await found({ instanceId, serialNumber: key(5, 8), issuer: key(2, 40) })).toEqual([1]);
        expect(await found({ certificateEntity: 0, certificateUsage: 1, systemTitle: key(3, 8) })).toEqual([0]);
        expect(await found({ certificateUsage: 0 })).toEqual([]);
        expect(await found({ instanceId: "0.0.43.0.9.255" })).toEqual([]);
        expect(await certificates.find({ meterId: "nobody" })).toEqual([]);
        expect((await certificates.find({ meterId }))[0]).toMatchObject(one);
        await expectFault(certificates.add(one), "duplicate");
        await expectFault(
          certificates.add({ ...one, meterId: "nobody", serialNumber: key(9, 8) }),
          "unknown-reference",
        );
        expect(await certificates.remove(ids[0] as number)).toBe(true);
        expect(await found({})).toEqual([1]);
        await certificates.add(one);
      }));

    it("is opened with its key-encryption key only, and seals what was not", async () => {
      const { store, reopen } = await open();
      await filled(store);
      await store.securitySettings.changeKeys(meterId, instanceId, { masterKey: key(6) }, 1000);
      const pair = { meterId, instanceId, usage: 2, pending: true, privateKey: key(31, 48), publicKey: key(32, 96) };
      await store.keyPairs.put([pair]);
      await store.close();
      if (reopen === undefined) return;
      const sealed = await reopen({ sealing: testSealing(1) });
      expect(sealed.sealed).toBe(true);
      expect((await sealed.securitySettings.of(meterId))[0]).toMatchObject({
        ...setting,
        masterKey: key(6),
        keyVersion: 2,
      });
      expect(await sealed.securitySettings.secretsOf(meterId)).toEqual([secret]);
      expect(await sealed.keyPairs.of(meterId)).toEqual([pair]);
      expect((await sealed.securitySettings.formerKeys(meterId, instanceId))[0]?.key).toEqual(key(3));
      await sealed.close();
      await expectFault(reopen({ sealing: testSealing(2) }), "wrong-key-encryption-key");
      await expectFault(reopen(), "key-encryption-key-needed");
      const again = await reopen({ sealing: testSealing(1) });
      expect((await again.securitySettings.of(meterId))[0]?.encryptionKey).toEqual(key(1));
      await again.close();
    });

    it("writes no key in clear after another process sealed the store", () =>
      withStore(open, async (store, { another }) => {
        await filled(store);
        if (another === undefined) return;
        const sealed = await another({ sealing: testSealing(1) });
        await expectFault(
          store.securitySettings.putIfAbsent([{ ...setting, instanceId: "0.0.43.0.1.255" }]),
          "key-encryption-key-needed",
        );
        await expectFault(store.securitySettings.setSecret(secret), "key-encryption-key-needed");
        expect(await sealed.securitySettings.secretsOf(meterId)).toEqual([secret]);
        await sealed.close();
      }));
  });
}
