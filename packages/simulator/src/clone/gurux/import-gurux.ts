import { type Data, parseXml, type XmlNode } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type ObjectForm, parseTemplateForm, type TemplateForm } from "../../templates/data/form.ts";
import { parseTemplate } from "../../templates/data/parse-template.ts";
import { Anonymous, isName } from "../anonymous.ts";
import { clientsIn, type ImportedClient } from "./access.ts";
import { typedValue } from "./element-values.ts";
import { childOf, type LeftOut, LeftOuts, numberIn, textIn } from "./found.ts";
import { importedObject } from "./imported-object.ts";
import { withRows } from "./imported-profile.ts";
import { classOfElement } from "./names.ts";

export interface GuruxImportOptions {
  /** The name of the template for `--template`. */
  readonly name: string;
  readonly title?: string;
  /** Which device of the file, by its name; needed if there are several. */
  readonly device?: string;
  /** Minutes east of UTC, if the file has no Clock that contains it; 0 by default. */
  readonly zoneMinutesEast?: number;
}

export interface GuruxImport {
  readonly form: TemplateForm;
  /** What the file has and the template does not have. */
  readonly left: readonly LeftOut[];
}

/** Characters. A file of a meter with a year of rows has some millions. */
const largest = 64_000_000;
const mostElements = 1_000_000;
const mostObjects = 65_535;
const profileClass = 7;

const bad = (message: string, hint: string): Fault =>
  new Fault("bad-gurux-file", message, { layer: "simulator", hint });

/**
 * A template from an object collection or a device file that Gurux programs save as XML. Values keep their types: those that the file says, else
 * those of the interface class. What the file leaves out has the default of its class. Passwords, keys and addresses are not taken, and the digits of names of the meter are zeros. The values
 * of the template do not change. Faults `bad-xml`, and `bad-gurux-file` if the file is none of these, is too large, has more than 64 clients, or has several devices.
 */
export function importGurux(text: string, options: GuruxImportOptions): GuruxImport {
  if (text.length > largest) {
    throw bad(`the file has ${text.length} characters, and ${largest} are the limit`, "take rows out of its profiles");
  }
  if (isAbove(text, mostElements)) {
    throw bad(`the file has more than ${mostElements} elements`, "take rows out of its profiles");
  }
  const elements = objectsIn(parseXml(text, { texts: true }), options.device);
  const left = new LeftOuts();
  const clients = clientsIn(elements, left);
  const around = { left, identity: Anonymous.named(elements.flatMap(nameIn)) };
  const objects = new Map<string, ObjectForm>();
  const profiles = new Map<string, XmlNode>();
  for (const element of elements) {
    const form = importedObject(element, clients, around);
    if (form === undefined) continue;
    const { instanceId, classId } = form;
    const before = objects.get(instanceId);
    if (before !== undefined) {
      left.add(instanceId, undefined, `there is an object of class ${before.classId} with this logical name already`);
      continue;
    }
    objects.set(instanceId, form);
    if (classId === profileClass) profiles.set(instanceId, element);
  }
  for (const [name, element] of profiles) {
    objects.set(name, withRows(objects.get(name) as ObjectForm, element, objects, around));
  }
  if (objects.size === 0) throw bad("no object of the file can be taken", left.all[0]?.why ?? "it has no objects");
  const form = parseTemplateForm({
    ...{ version: 1, name: options.name, title: options.title ?? "imported from a Gurux file", manufacturer: "DLK" },
    ...{ zoneMinutesEast: zoneIn(elements) ?? options.zoneMinutesEast ?? 0, values: "static" },
    clients: clients.map((client) => clientForm(client, objects)),
    objects: [...objects.values()],
  });
  // A template that was written must be one that can be served.
  parseTemplate(form);
  return { form, left: left.all };
}

/** Whether a text has more start tags than `most`. */
function isAbove(text: string, most: number): boolean {
  let tags = 0;
  for (let at = text.indexOf("<"); at >= 0 && tags <= most; at = text.indexOf("<", at + 1)) {
    if (!/[/!?]/.test(text[at + 1] ?? "/")) tags++;
  }
  return tags > most;
}

/** The value of an object that has a name of the meter. */
function nameIn(node: XmlNode): readonly Data[] {
  const [instanceId, value] = [textIn(node, "LN"), childOf(node, "Value")];
  const classId = classOfElement(node.name);
  if (classId === undefined || instanceId === undefined || value === undefined) return [];
  if (!isName({ classId, instanceId })) return [];
  return [new LeftOuts().unless(instanceId, undefined, () => typedValue(value)) ?? []].flat();
}

function clientForm({ list: _, securitySetup, ...client }: ImportedClient, objects: ReadonlyMap<string, ObjectForm>) {
  const counter = securitySetup?.replace(/^0\.(\d+)\.43\.0\./, "0.$1.43.1.");
  const isSetup = securitySetup !== undefined && objects.get(securitySetup)?.classId === 64;
  const isCounter = isSetup && counter !== undefined && objects.get(counter)?.classId === 1;
  return {
    ...{ name: `client-${client.client}`, ...client },
    ...(isSetup && { securitySetup }),
    ...(isCounter && { invocationCounter: counter }),
  };
}

function zoneIn(elements: readonly XmlNode[]): number | undefined {
  const clock = elements.find(({ name }) => name === "GXDLMSClock");
  const west = clock === undefined ? undefined : numberIn(clock, "TimeZone", -840, 840);
  return west === undefined ? undefined : -west;
}

const isObject = ({ name }: XmlNode): boolean => classOfElement(name) !== undefined || /^GXDLMS[A-Z]/.test(name);

interface Device {
  readonly name: string | undefined;
  readonly objects: readonly XmlNode[];
}

/** The lists of objects of a file, each with the name of the device around it. */
function devicesIn(node: XmlNode, name: string | undefined): readonly Device[] {
  const own = /Device$/.test(node.name) ? (textIn(node, "Name") ?? name) : name;
  const objects = /^Objects\d?$/.test(node.name) ? node.children.filter(isObject) : [];
  if (objects.length > 0) return [{ name: own, objects }];
  return node.children.flatMap((child) => devicesIn(child, own));
}

function objectsIn(root: XmlNode, wanted: string | undefined): readonly XmlNode[] {
  const all = devicesIn(root, undefined);
  const devices = wanted === undefined ? all : all.filter(({ name }) => name === wanted);
  const names = all
    .map(({ name }) => name ?? "without a name")
    .slice(0, 10)
    .join(", ");
  if (all.length === 0) {
    throw bad(
      `<${root.name}> has no Objects element with GXDLMS… elements`,
      "give a file of a Gurux device or simulator: the object collection that it saves, in XML",
    );
  }
  const [first, ...more] = devices;
  if (first === undefined) throw bad(`the file has no device "${wanted}"`, `it has: ${names}`);
  if (more.length > 0) throw bad(`the file has ${devices.length} devices`, `choose one by its name: ${names}`);
  if (first.objects.length > mostObjects) {
    throw bad(`the file has ${first.objects.length} objects, and ${mostObjects} are the limit`, "split the file");
  }
  return first.objects;
}
