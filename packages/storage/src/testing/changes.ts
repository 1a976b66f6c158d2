import { describe, expect, it } from "vitest";
import type { ConfigurationTable, RowsChanged } from "../changes.ts";
import type { Store } from "../store.ts";
import { meter, type OpenStore, withStore } from "./harness.ts";

const { meterId } = meter(1);
const instanceId = "0.0.43.0.1.255";

/** Waits until a change was reported, for a few seconds at most. */
async function told(changes: readonly RowsChanged[], wanted: RowsChanged): Promise<void> {
  const is = (change: RowsChanged): boolean => change.table === wanted.table && change.meterId === wanted.meterId;
  const until = Date.now() + 5000;
  while (!changes.some(is) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(changes.filter(is)).not.toEqual([]);
}

/** Waits for the first reports on all tables: a store that starts to listen reports that changes may have been missed. */
async function heardAll(store: Store): Promise<RowsChanged[]> {
  const changes: RowsChanged[] = [];
  store.onChange((change) => void changes.push(change));
  await store.communicationPorts.add({ portType: "UDP", portNumber: 1 });
  await told(changes, { table: "communication_ports" });
  return changes;
}

const port = { portType: "TCP", portNumber: 4059 } as const;
const profile = { templateName: "t", season: "SUMMER", dayType: "WEEKDAY", intervalMinutes: 30 } as const;

const edits: readonly [ConfigurationTable, (store: Store) => Promise<unknown>][] = [
  [
    "communication_ports",
    (store) => store.communicationPorts.addIfEmpty([port]).then(() => store.communicationPorts.add(port)),
  ],
  [
    "hdlc_settings",
    (store) =>
      store.hdlcSettings.add({
        ...{ deviceAddress: 17, windowSizeTransmit: 1, windowSizeReceive: 1 },
        ...{
          maxInfoFieldLenTransmit: 128,
          maxInfoFieldLenReceive: 128,
          interOctetTimeout: 500,
          inactivityTimeout: 120,
        },
      }),
  ],
  [
    "client_associations",
    (store) =>
      store.clientAssociations.add({
        ...{ logicalDevice: 1, instanceId: "0.0.40.0.1.255", clientId: 16, authenticationLevel: 0 },
        ...{ contextName: "logical-name", conformance: 0, maxReceivePduSize: 128, maxSendPduSize: 0 },
        ...{ dlmsVersion: 6, qualityOfService: 0 },
      }),
  ],
  [
    "access_rights",
    async (store) => {
      const [code] = await store.obisCodes.ensure([
        { template: "t", logicalDevice: 1, classId: 1, version: 0, logicalName: "0.0.96.1.0.255" },
      ]);
      await store.accessRights.add({
        ...{ objectId: code?.id as number, clientId: 16, accessLevel: 1, attributeMask: 1n, methodMask: 0n },
      });
    },
  ],
  [
    "load_profile_templates",
    (store) =>
      store.loadProfileTemplates.add({
        ...{ ...profile, baseLoad: 1, peakLoad: 2 },
        variationPattern: { version: 1, shape: Array.from({ length: 24 }, () => 1), jitter: 0 },
      }),
  ],
  [
    "power_quality_events_config",
    (store) =>
      store.powerQualityEvents.add({
        ...{ eventType: "INTERRUPTION", probability: 0.1, minDuration: 1, maxDuration: 2, affectedPhases: ["L1"] },
      }),
  ],
];

export function changesSuite(open: OpenStore): void {
  describe("onChange", () => {
    it.each(edits)("tells of changed rows of %s", (table, edit) =>
      withStore(open, async (store) => {
        const changes = await heardAll(store);
        changes.length = 0;
        await edit(store);
        await told(changes, { table });
      }),
    );

    it("tells of rows that are replaced and removed, and not of what fails", () =>
      withStore(open, async (store) => {
        const changes = await heardAll(store);
        const [row] = await store.communicationPorts.list();
        const id = row?.id as number;
        for (const edit of [
          () => store.communicationPorts.replace(id, { portType: "UDP", portNumber: 2 }),
          () => store.communicationPorts.remove(id),
        ]) {
          changes.length = 0;
          await edit();
          await told(changes, { table: "communication_ports" });
        }
        changes.length = 0;
        await expect(store.communicationPorts.add({ portType: "TCP", portNumber: 70_000 })).rejects.toThrow();
        expect(changes).toEqual([]);
      }));

    it("tells whose keys, policy and secrets were changed", () =>
      withStore(open, async (store) => {
        const { meters, securitySettings } = store;
        await meters.putIfAbsent([meter(1)]);
        const changes = await heardAll(store);
        const key = new Uint8Array(16).fill(3);
        for (const edit of [
          () =>
            securitySettings.putIfAbsent([
              { meterId, instanceId, securityPolicy: 3, securitySuite: 0, keyVersion: 1, encryptionKey: key },
            ]),
          () => securitySettings.setPolicy(meterId, instanceId, { securityPolicy: 2, securitySuite: 0 }),
          () => securitySettings.changeKeys(meterId, instanceId, { encryptionKey: key }, 1000),
          () => securitySettings.setSecret({ meterId, clientId: 32, instanceId: "0.0.40.0.2.255", secret: key }),
        ]) {
          changes.length = 0;
          await edit();
          await told(changes, { table: "security_settings", meterId });
        }
      }));

    it("tells what another process has changed, and nothing more once it is not wanted", () =>
      withStore(open, async (store, { another }) => {
        const other = await another?.();
        if (other === undefined) return;
        const changes = await heardAll(store);
        const late: RowsChanged[] = [];
        store.onChange((change) => void late.push(change))();
        changes.length = 0;
        await other.communicationPorts.add(port);
        await told(changes, { table: "communication_ports" });
        expect(late).toEqual([]);
        await other.close();
      }));
  });
}
