import type { AnyObject, Rights } from "@dlmskit/cosem-objects";
import { type MeterTemplate, meterTemplate } from "@dlmskit/server";
import type {
  ClientAssociation,
  CommunicationPort,
  HdlcSetting,
  LoadProfileTemplate,
  PowerQualityEventConfig,
  Store,
  Stored,
} from "@dlmskit/storage";
import { recordingOutages } from "../meter/outage-record.ts";
import { defaultLoadProfiles, defaultPowerQuality } from "../templates/default-configuration.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import { accessRows, rightsByClient } from "./access-rows.ts";
import { associationRows, associationSpecs } from "./associations.ts";
import type { ChangedTables } from "./changed-tables.ts";
import type { SimulatorOptions } from "./options.ts";
import { pushingTo } from "./push.ts";
import { withUnasked } from "./unasked.ts";

/** The configuration in the rows of a store. `FollowedRows` keeps it up to date. */
export interface Configuration {
  readonly meterTemplate: MeterTemplate;
  readonly granted: Granted;
  /** Rows of access_rights. */
  readonly rights: readonly unknown[];
  associations: readonly Stored<ClientAssociation>[];
  loadProfiles: readonly Stored<LoadProfileTemplate>[];
  powerQuality: readonly Stored<PowerQualityEventConfig>[];
  hdlcSettings: readonly Stored<HdlcSetting>[];
  ports: readonly Stored<CommunicationPort>[];
}

/** The lower HDLC address that meters of IS 15959 have by default. */
const defaultHdlcAddress = 256;

const defaultHdlc: HdlcSetting = {
  deviceAddress: defaultHdlcAddress,
  ...{ windowSizeTransmit: 1, windowSizeReceive: 1 },
  ...{ maxInfoFieldLenTransmit: 512, maxInfoFieldLenReceive: 512 },
  ...{ interOctetTimeout: 500, inactivityTimeout: 120 },
};

// A TCP port with the settings of a serial line belongs to a serial device server and uses HDLC. A TCP port without them uses the wrapper.
const defaultPorts: readonly CommunicationPort[] = [
  { portType: "TCP", portNumber: 4059 },
  {
    ...{ portType: "TCP", portNumber: 4060 },
    ...{ baudRate: 9600, dataBits: 8, stopBits: 1, parity: "NONE", flowControl: "NONE" },
  },
];

/** The rows of client_associations for a template. */
export async function associationRowsOf(
  store: Pick<Store, "clientAssociations">,
  { name }: SimulatorTemplate,
): Promise<readonly Stored<ClientAssociation>[]> {
  return (await store.clientAssociations.list()).filter((row) => row.template === undefined || row.template === name);
}

/** Fills empty tables, and reads all tables. Faults `bad-row`, those of the store and of the simulator. */
export async function configure(
  store: Store,
  template: SimulatorTemplate,
  { keys, referencing, push, pushLayouts }: Pick<SimulatorOptions, "keys" | "referencing" | "push" | "pushLayouts">,
  changed?: ChangedTables,
): Promise<Configuration> {
  await store.loadProfileTemplates.addIfEmpty(defaultLoadProfiles);
  await store.powerQualityEvents.addIfEmpty(defaultPowerQuality);
  await store.hdlcSettings.addIfEmpty([defaultHdlc]);
  await store.communicationPorts.addIfEmpty(defaultPorts);
  const ours = () => associationRowsOf(store, template);
  if ((await ours()).length === 0) await store.clientAssociations.addIfEmpty(associationRows(template, keys));
  changed?.reading();
  const associations = await ours();

  // The object list is known only after the associations are made, and the rows of access_rights need the object list.
  const granted = new Granted((client) => template.clients.find((one) => one.client === client)?.rights ?? none);
  const compiled = meterTemplate({
    objects: recordingOutages(
      pushingTo(push === undefined ? template.objects() : withUnasked(template, pushLayouts), push),
    ),
    associations: associationSpecs(template, associations, (client) => granted.of(client), referencing),
    zoneMinutesEast: template.zoneMinutesEast,
  });
  granted.by = await grantedByRows(store, template, compiled.devices.get(1)?.objects ?? []);
  return {
    meterTemplate: compiled,
    granted,
    rights: await store.accessRights.of(template.name),
    associations,
    loadProfiles: await store.loadProfileTemplates.list(),
    powerQuality: await store.powerQualityEvents.list(),
    hdlcSettings: await store.hdlcSettings.list(),
    ports: await store.communicationPorts.list(),
  };
}

const none: Rights = { attribute: () => 0, method: () => 0 };

/** The rights of clients, as the rows of access_rights define them now. */
class Granted {
  by: (client: number) => Rights;

  constructor(by: (client: number) => Rights) {
    this.by = by;
  }

  of(client: number): Rights {
    return {
      attribute: (object, id) => this.by(client).attribute(object, id),
      method: (object, id) => this.by(client).method(object, id),
    };
  }
}

/** The rights that rows of access_rights grant. Objects without rows have the rights of the template. Fault `bad-row`. */
export async function grantedByRows(
  store: Store,
  template: SimulatorTemplate,
  objects: readonly AnyObject[],
): Promise<(client: number) => Rights> {
  const known = await store.obisCodes.ensure(
    objects.map((object) => {
      const name = template.nameOf?.(object);
      return {
        template: template.name,
        logicalDevice: 1,
        classId: object.spec.classId,
        version: object.spec.version,
        logicalName: object.instance,
        ...(name === undefined ? {} : { name: name.slice(0, 200) }),
      };
    }),
  );
  if ((await store.accessRights.of(template.name)).length === 0) {
    await store.accessRights.addIfEmpty(
      accessRows(
        template,
        objects,
        known.map(({ id }) => id),
      ),
    );
  }
  return rightsByClient(await store.accessRights.of(template.name), await store.obisCodes.of(template.name));
}
