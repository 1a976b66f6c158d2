import { logicalName, sameOctets, toHex } from "@dlmskit/core";
import { AccessRight, type AccessRights } from "../access-rights.ts";
import { Certificate, type CertificateQuery, type Certificates } from "../certificates.ts";
import { ClientAssociation, type ClientAssociations } from "../client-associations.ts";
import { CommunicationPort, type CommunicationPorts, HdlcSetting, type HdlcSettings } from "../communication.ts";
import {
  LoadProfileTemplate,
  type LoadProfileTemplates,
  PowerQualityEventConfig,
  type PowerQualityEventConfigs,
} from "../generation.ts";
import { ObisCode, type ObisCodes } from "../obis-codes.ts";
import { checkRow, type Stored } from "../shape.ts";
import { MemoryRows } from "./rows.ts";
import { copied, knownMeter, type MemoryContext, unknownReference } from "./state.ts";

const objectKey = (row: ObisCode): string =>
  JSON.stringify([row.template, row.logicalDevice, row.classId, row.logicalName]);

class MemoryObisCodes extends MemoryRows<ObisCode> implements ObisCodes {
  constructor(context: MemoryContext) {
    super(context, {
      table: (state) => state.obisCodes,
      check: (row) => checkRow(ObisCode, row),
      unique: objectKey,
      group: (row) => row.template,
      used: (id, state) => state.accessRights.find((right) => right.objectId === id) !== undefined,
    });
  }

  async of(template: string): Promise<readonly Stored<ObisCode>[]> {
    return this.table()
      .filter((row) => row.template === template)
      .map(copied);
  }

  async ensure(objects: readonly ObisCode[]): Promise<readonly Stored<ObisCode>[]> {
    const table = this.table();
    const checked = objects.map((object) => checkRow(ObisCode, object));
    const there = new Map([...table.rows.values()].map((row) => [objectKey(row), row]));
    return checked.map((object) => {
      const key = objectKey(object);
      let row = there.get(key);
      if (row === undefined) {
        row = table.rows.get(table.add(object, this.context.instant())) as Stored<ObisCode>;
        there.set(key, row);
      }
      return copied(row);
    });
  }
}

class MemoryAccessRights extends MemoryRows<AccessRight> implements AccessRights {
  constructor(context: MemoryContext) {
    super(context, {
      table: (state) => state.accessRights,
      check: (row) => checkRow(AccessRight, row),
      group: (row) => String(row.objectId),
      references(row, state) {
        if (!state.obisCodes.rows.has(row.objectId)) throw unknownReference(`obis_codes row ${row.objectId}`);
      },
    });
  }

  async of(template: string): Promise<readonly Stored<AccessRight>[]> {
    const { obisCodes } = this.context.use();
    return this.table()
      .filter((row) => obisCodes.rows.get(row.objectId)?.template === template)
      .map(copied);
  }
}

class MemoryCertificates extends MemoryRows<Certificate> implements Certificates {
  #added = 0;

  constructor(context: MemoryContext) {
    super(context, {
      table: (state) => state.certificates,
      check: (row) => checkRow(Certificate, row),
      // As in SQL: what is not told is like nothing else.
      unique: ({ meterId, instanceId, serialNumber, issuer }) =>
        meterId === undefined || instanceId === undefined || serialNumber === undefined || issuer === undefined
          ? String(++this.#added)
          : JSON.stringify([meterId, instanceId, toHex(serialNumber), toHex(issuer)]),
      references({ meterId }, state) {
        if (meterId !== undefined) knownMeter(state, meterId);
      },
    });
  }

  async find({ instanceId, ...query }: CertificateQuery): Promise<readonly Stored<Certificate>[]> {
    const asked = Object.entries({
      ...query,
      ...(instanceId === undefined ? {} : { instanceId: logicalName(instanceId) }),
    });
    const fits = (value: unknown, wanted: unknown): boolean =>
      wanted instanceof Uint8Array ? value instanceof Uint8Array && sameOctets(value, wanted) : value === wanted;
    return this.table()
      .filter((row) => asked.every(([name, wanted]) => fits(row[name as keyof Certificate], wanted)))
      .map(copied);
  }
}

/** The tables that a user edits. */
export function memoryTables(context: MemoryContext): {
  readonly obisCodes: ObisCodes;
  readonly accessRights: AccessRights;
  readonly certificates: Certificates;
  readonly clientAssociations: ClientAssociations;
  readonly hdlcSettings: HdlcSettings;
  readonly communicationPorts: CommunicationPorts;
  readonly loadProfileTemplates: LoadProfileTemplates;
  readonly powerQualityEvents: PowerQualityEventConfigs;
} {
  return {
    obisCodes: new MemoryObisCodes(context),
    accessRights: new MemoryAccessRights(context),
    certificates: new MemoryCertificates(context),
    clientAssociations: new MemoryRows(context, {
      table: (state) => state.clientAssociations,
      check: (row) => checkRow(ClientAssociation, row),
      group: (row) => JSON.stringify(row.template ?? null),
      used: (id, state) => state.connections.find((connection) => connection.associationId === id) !== undefined,
    }),
    hdlcSettings: new MemoryRows(context, {
      table: (state) => state.hdlcSettings,
      check: (row) => checkRow(HdlcSetting, row),
    }),
    communicationPorts: new MemoryRows(context, {
      table: (state) => state.communicationPorts,
      check: (row) => checkRow(CommunicationPort, row),
    }),
    loadProfileTemplates: new MemoryRows(context, {
      table: (state) => state.loadProfileTemplates,
      check: (row) => checkRow(LoadProfileTemplate, row),
    }),
    powerQualityEvents: new MemoryRows(context, {
      table: (state) => state.powerQualityEvents,
      check: (row) => checkRow(PowerQualityEventConfig, row),
    }),
  };
}
