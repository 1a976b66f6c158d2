import { logicalName, sameOctets } from "@dlmskit/core";
import { checkRow, type Stored } from "../shape.ts";
import { AccessRight, type AccessRights } from "../tables/access-rights.ts";
import { Certificate, type CertificateQuery, type Certificates } from "../tables/certificates.ts";
import { ClientAssociation, type ClientAssociations } from "../tables/client-associations.ts";
import { CommunicationPort, type CommunicationPorts, HdlcSetting, type HdlcSettings } from "../tables/communication.ts";
import {
  LoadProfileTemplate,
  type LoadProfileTemplates,
  PowerQualityEventConfig,
  type PowerQualityEventConfigs,
} from "../tables/generation.ts";
import { ObisCode, type ObisCodes } from "../tables/obis-codes.ts";
import { MemoryRows } from "./rows.ts";
import { copied, type MemoryContext } from "./state.ts";

const objectKey = (row: ObisCode): string =>
  JSON.stringify([row.template, row.logicalDevice, row.classId, row.logicalName]);

class MemoryObisCodes extends MemoryRows<typeof ObisCode, ObisCode> implements ObisCodes {
  constructor(context: MemoryContext) {
    super(
      context,
      ObisCode,
      (state) => state.obisCodes,
      (id, state) => state.accessRights.find((right) => right.objectId === id) !== undefined,
    );
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

class MemoryAccessRights extends MemoryRows<typeof AccessRight, AccessRight> implements AccessRights {
  async of(template: string): Promise<readonly Stored<AccessRight>[]> {
    const { obisCodes } = this.context.use();
    return this.table()
      .filter((row) => obisCodes.rows.get(row.objectId)?.template === template)
      .map(copied);
  }
}

class MemoryCertificates extends MemoryRows<typeof Certificate, Certificate> implements Certificates {
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
    accessRights: new MemoryAccessRights(context, AccessRight, (state) => state.accessRights),
    certificates: new MemoryCertificates(context, Certificate, (state) => state.certificates),
    clientAssociations: new MemoryRows<typeof ClientAssociation, ClientAssociation>(
      context,
      ClientAssociation,
      (state) => state.clientAssociations,
      (id, state) => state.connections.names(id),
    ),
    hdlcSettings: new MemoryRows<typeof HdlcSetting, HdlcSetting>(context, HdlcSetting, (state) => state.hdlcSettings),
    communicationPorts: new MemoryRows<typeof CommunicationPort, CommunicationPort>(
      context,
      CommunicationPort,
      (state) => state.communicationPorts,
    ),
    loadProfileTemplates: new MemoryRows<typeof LoadProfileTemplate, LoadProfileTemplate>(
      context,
      LoadProfileTemplate,
      (state) => state.loadProfileTemplates,
    ),
    powerQualityEvents: new MemoryRows<typeof PowerQualityEventConfig, PowerQualityEventConfig>(
      context,
      PowerQualityEventConfig,
      (state) => state.powerQualityEvents,
    ),
  };
}
