import { describe, expect, it } from "vitest";
import type { Rows } from "../rows.ts";
import type { Store } from "../store.ts";
import type { AccessRight } from "../tables/access-rights.ts";
import { accessLevelsOn, maskOf, numbersOf } from "../tables/access-rights.ts";
import type { ClientAssociation } from "../tables/client-associations.ts";
import type { LoadProfileTemplate, PowerQualityEventConfig } from "../tables/generation.ts";
import type { ObisCode } from "../tables/obis-codes.ts";
import { expectFault, key, type OpenStore, withStore } from "./harness.ts";

const association: ClientAssociation = {
  template: "test",
  logicalDevice: 1,
  instanceId: "0.0.40.0.3.255",
  clientId: 48,
  authenticationLevel: 5,
  contextName: "logical-name-with-ciphering",
  conformance: 0x1819,
  maxReceivePduSize: 1024,
  maxSendPduSize: 0,
  dlmsVersion: 6,
  qualityOfService: 0,
};
const object: ObisCode = {
  template: "test",
  logicalDevice: 1,
  classId: 3,
  version: 0,
  logicalName: "1.0.1.8.0.255",
  name: "Active energy import",
};
const day: LoadProfileTemplate = {
  templateName: "household",
  season: "MONSOON",
  dayType: "WEEKDAY",
  intervalMinutes: 30,
  baseLoad: 0.125,
  peakLoad: 3.5,
  variationPattern: { version: 1, shape: Array.from({ length: 24 }, (_, at) => at / 24), jitter: 0.1 },
};
const sag: PowerQualityEventConfig = {
  eventType: "VOLTAGE_SAG",
  probability: 0.0125,
  minDuration: 1,
  maxDuration: 60,
  minMagnitude: 70.5,
  maxMagnitude: 90,
  affectedPhases: ["L1", "L3"],
};

interface Case<R> {
  readonly name: string;
  table(store: Store): Rows<R>;
  readonly row: R;
  /** Another row that may be in the table at the same time. */
  readonly other: R;
  /** A row that a column does not accept. `path` is the place of the error. */
  readonly wrong: R;
  readonly path: readonly string[];
}

const cases = [
  {
    name: "client_associations",
    table: (store: Store) => store.clientAssociations,
    row: association,
    other: (({ template: _, ...row }) => ({ ...row, clientId: 16 }))(association),
    wrong: { ...association, authenticationLevel: 8 },
    path: ["client_associations", "authentication_level"],
  },
  {
    name: "obis_codes",
    table: (store: Store) => store.obisCodes,
    row: object,
    other: (({ name: _, ...row }) => ({ ...row, classId: 4 }))(object),
    wrong: { ...object, logicalName: "1.0.1.8.0.256" },
    path: ["obis_codes", "logical_name"],
  },
  {
    name: "certificates",
    table: (store: Store) => store.certificates,
    row: {
      entityId: 1,
      certificateType: "DEVICE",
      certificateData: key(1, 300),
      validFrom: 0,
      validUntil: 4102444800000,
    },
    other: {
      entityId: 0,
      certificateType: "AUTHORITY",
      certificateData: key(2),
      validFrom: -1,
      validUntil: 1,
      status: "VALID",
    },
    wrong: { entityId: 0, certificateType: "OTHER", certificateData: key(2), validFrom: 0, validUntil: 1 },
    path: ["certificates", "certificate_type"],
  },
  {
    name: "hdlc_settings",
    table: (store: Store) => store.hdlcSettings,
    row: {
      deviceAddress: 17,
      windowSizeTransmit: 1,
      windowSizeReceive: 7,
      maxInfoFieldLenTransmit: 128,
      maxInfoFieldLenReceive: 2030,
      interOctetTimeout: 30,
      inactivityTimeout: 120,
    },
    other: {
      deviceAddress: 0x3fff,
      windowSizeTransmit: 3,
      windowSizeReceive: 1,
      maxInfoFieldLenTransmit: 32,
      maxInfoFieldLenReceive: 32,
      interOctetTimeout: 6000,
      inactivityTimeout: 0,
    },
    wrong: {
      deviceAddress: 17,
      windowSizeTransmit: 8,
      windowSizeReceive: 7,
      maxInfoFieldLenTransmit: 128,
      maxInfoFieldLenReceive: 128,
      interOctetTimeout: 30,
      inactivityTimeout: 120,
    },
    path: ["hdlc_settings", "window_size_transmit"],
  },
  {
    name: "communication_ports",
    table: (store: Store) => store.communicationPorts,
    row: { portType: "TCP", portNumber: 4059 },
    other: {
      portType: "SERIAL",
      portNumber: 0,
      baudRate: 9600,
      dataBits: 8,
      stopBits: 1,
      parity: "NONE",
      flowControl: "NONE",
    },
    wrong: { portType: "TCP", portNumber: 65536 },
    path: ["communication_ports", "port_number"],
  },
  {
    name: "load_profile_templates",
    table: (store: Store) => store.loadProfileTemplates,
    row: day,
    other: { ...day, dayType: "HOLIDAY", baseLoad: 0, peakLoad: 9999999.999 },
    wrong: { ...day, variationPattern: { version: 1, shape: [0, 1], jitter: 0 } },
    path: ["load_profile_templates", "variation_pattern", "shape"],
  },
  {
    name: "power_quality_events_config",
    table: (store: Store) => store.powerQualityEvents,
    row: sag,
    other: { eventType: "INTERRUPTION", probability: 1, minDuration: 0, maxDuration: 0, affectedPhases: [] },
    wrong: { ...sag, maxDuration: 0 },
    path: ["power_quality_events_config", "max_duration"],
  },
] as unknown as readonly Case<object>[];

export function tablesSuite(open: OpenStore): void {
  for (const { name, table, row, other, wrong, path } of cases) {
    it(`${name}: adds, reads, replaces, removes`, () =>
      withStore(open, async (store) => {
        const rows = table(store);
        expect(await rows.list()).toEqual([]);
        const id = await rows.add(row);
        const kept = await rows.get(id);
        expect(Math.abs((kept?.createdAt ?? 0) - Date.now())).toBeLessThan(60000);
        expect(kept).toEqual({ ...row, id, createdAt: kept?.createdAt });
        expect(await rows.replace(id, other)).toBe(true);
        expect(await rows.get(id)).toEqual({ ...other, id, createdAt: kept?.createdAt });
        expect(await rows.replace(id + 100, row)).toBe(false);
        await expectFault(rows.replace(id, wrong), "bad-value", path);
        await expectFault(rows.addAll([row, wrong]), "bad-value", path);
        const [first] = await rows.addAll([row]);
        expect((await rows.list()).map((each) => each.id)).toEqual([id, first]);
        expect(await rows.remove(id)).toBe(true);
        expect(await rows.remove(id)).toBe(false);
        expect(await rows.get(id)).toBeUndefined();
      }));

    it(`${name}: fills an empty table once`, () =>
      withStore(open, async (store, { another }) => {
        const second = (await another?.()) ?? store;
        const both = await Promise.all([table(store).addIfEmpty([row]), table(second).addIfEmpty([row])]);
        expect(both.filter((did) => did)).toHaveLength(1);
        expect(await table(store).list()).toHaveLength(1);
        if (second !== store) await second.close();
      }));
  }

  it("client_associations: fills each template by itself", () =>
    withStore(open, async ({ clientAssociations }) => {
      const { template: _, ...everywhere } = association;
      await clientAssociations.addIfEmpty([association]);
      expect(await clientAssociations.addIfEmpty([association, { ...association, template: "b" }, everywhere])).toBe(
        true,
      );
      expect((await clientAssociations.list()).map(({ template }) => template)).toEqual(["test", "b", undefined]);
    }));

  it("obis_codes: makes sure of objects, and gives their ids", () =>
    withStore(open, async ({ obisCodes }) => {
      const clock = { ...object, classId: 8, logicalName: "0.0.1.0.0.255" };
      const [first] = await obisCodes.ensure([object]);
      const both = await obisCodes.ensure([clock, { ...object, name: "another" }]);
      expect(both[1]).toEqual(first);
      expect(both[0]).toMatchObject(clock);
      await obisCodes.ensure([{ ...object, template: "b" }]);
      expect(await obisCodes.of("test")).toHaveLength(2);
      expect(await obisCodes.ensure([])).toEqual([]);
      await expectFault(obisCodes.add(object), "duplicate");
      await expectFault(
        obisCodes.addAll([
          { ...object, classId: 7 },
          { ...object, classId: 7 },
        ]),
        "duplicate",
      );
      expect(await obisCodes.list()).toHaveLength(3);
    }));

  describe("access_rights", () => {
    it("adds up several rows of one object and client", () =>
      withStore(open, async ({ accessRights, obisCodes }) => {
        const [one] = await obisCodes.ensure([object]);
        const objectId = one?.id ?? 0;
        const rights: AccessRight[] = [
          { objectId, clientId: 32, accessLevel: 1, attributeMask: maskOf(1, 2, 3), methodMask: 0n },
          { objectId, clientId: 32, accessLevel: 2, attributeMask: maskOf(2, 63), methodMask: maskOf(1) },
          { objectId, clientId: 48, accessLevel: 3, attributeMask: maskOf(2), methodMask: 0x7fffffffffffffffn },
        ];
        await accessRights.addAll(rights);
        const kept = await accessRights.of("test");
        expect(kept).toMatchObject(rights);
        expect(accessLevelsOn(kept, { clientId: 32, attribute: 2 })).toEqual([1, 2]);
        expect(accessLevelsOn(kept, { clientId: 32, attribute: 63 })).toEqual([2]);
        expect(accessLevelsOn(kept, { clientId: 32, attribute: 4 })).toEqual([]);
        expect(accessLevelsOn(kept, { clientId: 32, method: 1 })).toEqual([2]);
        expect(numbersOf(kept[1]?.attributeMask ?? 0n)).toEqual([2, 63]);
        expect(await accessRights.addIfEmpty(rights)).toBe(false);
      }));

    it("names objects that are there, which stay", () =>
      withStore(open, async ({ accessRights, obisCodes }) => {
        const right: AccessRight = { objectId: 77, clientId: 16, accessLevel: 1, attributeMask: 1n, methodMask: 0n };
        await expectFault(accessRights.add(right), "unknown-reference");
        await expectFault(accessRights.add({ ...right, attributeMask: -1n }), "bad-value", [
          "access_rights",
          "attribute_mask",
        ]);
        const [one] = await obisCodes.ensure([object]);
        const objectId = one?.id ?? 0;
        const id = await accessRights.add({ ...right, objectId });
        await expectFault(obisCodes.remove(objectId), "in-use");
        expect(await accessRights.remove(id)).toBe(true);
        expect(await obisCodes.remove(objectId)).toBe(true);
      }));
  });
}
