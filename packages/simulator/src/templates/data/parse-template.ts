import type { AnyObject } from "@dlmskit/cosem-objects";
import { obisName } from "@dlmskit/cosem-objects";
import type { Call } from "@dlmskit/server";
import type { SimulatorTemplate, TemplateClient } from "../template.ts";
import { parseTemplateForm, type TemplateForm } from "./form.ts";
import { objectsOf } from "./objects.ts";
import { formsByName, isMadeByServer, rightsIn } from "./rights.ts";

const wholeDay = [{ minute: 0, zone: 1 }];
const usualDemandMinutes = 15;
const pushClass = 40;
const firmwareCode = /^[0178]\.\d+\.0\.2\.[01]\.255$/;

/**
 * A meter template from its file: the text of a JSON document, or the parsed JSON (docs/guides/templates.md describes the form). Pass it to
 * `createSimulator({ template })`. Fault `bad-template-file`, whose path is the place of the error.
 */
export function parseTemplate(from: unknown): SimulatorTemplate {
  return templateOf(parseTemplateForm(from));
}

/** The template of a checked form. Fault `bad-template-file`. */
function templateOf(form: TemplateForm): SimulatorTemplate {
  const { zoneMinutesEast, switchLog, logged = [] } = form;
  const forms = formsByName(form.objects);
  const objects = madeObjects(form);
  const control = objects.find((object) => object.spec.classId === 70);
  const clients = form.clients.map(
    ({ mechanism, securitySetup, invocationCounter, maxSendPduSize, ...one }): TemplateClient => ({
      ...{ name: one.name, client: one.client, association: one.association },
      ...{ ciphered: one.ciphered, policy: one.policy },
      mechanism: mechanism as TemplateClient["mechanism"],
      rights: rightsIn(forms, one.client),
      associationVersion: associationVersion(form),
      ...(maxSendPduSize !== undefined && { maxSendPduSize }),
      ...(securitySetup !== undefined && { securitySetup }),
      ...(invocationCounter !== undefined && { invocationCounter }),
    }),
  );
  return {
    ...{ name: form.name, title: form.title, manufacturer: form.manufacturer, zoneMinutesEast, clients },
    ...(form.series !== undefined && { series: form.series }),
    tariffDay: form.tariffDay ?? wholeDay,
    ...(switchLog !== undefined && { switchLog: { ...switchLog, ...(control !== undefined && { object: control }) } }),
    objects: () => objects,
    nameOf: ({ instance }: AnyObject) => forms.get(instance)?.name ?? obisName(instance),
    eventOf(call: Call) {
      if (call.do === "read") return undefined;
      const { instanceId, index } = call;
      const found = logged.find((one) => one.do === call.do && one.instanceId === instanceId && one.index === index);
      return found && { log: found.log, code: found.code };
    },
    form,
  };
}

function madeObjects(form: TemplateForm): readonly AnyObject[] {
  const { clients, switchLog } = form;
  const names = new Set<string>(
    clients.filter(({ ciphered }) => ciphered).map((one) => one.invocationCounter ?? usualCounter(one.association)),
  );
  const made = form.objects
    .map((one, at) => ({ form: one, at }))
    .filter(({ form: one }) => !isMadeByServer(one, names));
  const firmware = made.find(({ form: one }) => one.classId === 1 && firmwareCode.test(one.instanceId));
  return objectsOf(form, made, {
    phases: form.phases ?? 1,
    demandMinutes: form.demandMinutes ?? usualDemandMinutes,
    byCode: form.values !== "static",
    pushClient: pushClient(form),
    switchLog,
    firmware: firmware?.form.instanceId,
    zoneMinutesEast: form.zoneMinutesEast,
  });
}

const usualCounter = (association: string): string => `0.0.43.1.${association.split(".")[4]}.255`;

/** The client of pushes: the association that the template defines for them, or else the first client that may invoke the push method. */
export function pushClient({ clients, objects }: TemplateForm): number {
  const ready = clients.find(({ name, mechanism, ciphered }) => mechanism === 0 && ciphered && /push/i.test(name));
  const setup = objects.find(({ classId }) => classId === pushClass);
  const granted = clients.find(({ client }) => setup?.access?.[String(client)] === "rw");
  return (ready ?? granted ?? (clients[0] as (typeof clients)[number])).client;
}

function associationVersion({ objects }: TemplateForm): 1 | 2 | 3 {
  const version = objects.find(({ classId }) => classId === 15)?.version;
  return version === 2 || version === 3 ? version : 1;
}
