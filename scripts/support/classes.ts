// The interface classes that are declared, and which of their methods do something in the objects that the packages make.
import { T } from "@dlmskit/apdu";
import { dateTimeOf } from "@dlmskit/core";
import * as cosem from "@dlmskit/cosem-objects";
import { type AssociationSpec, dataProtector, hls, hls5, hls7, meterTemplate } from "@dlmskit/server";
import { templates } from "@dlmskit/simulator";
import { table } from "./table.ts";

const { clock, dataObject, disconnectControl, extendedRegister, interfaceClasses, profileGeneric, register } = cosem;
type Class = cosem.ClassSpec;

const emptyCalendar = { calendarName: new Uint8Array(), seasonProfile: [], weekProfileTable: [], dayProfileTable: [] };

const noNetwork: cosem.ConnectPort = { connect: () => false, disconnect: () => undefined };
const noSlave: cosem.MbusPort = { identify: () => undefined, request: () => undefined, command: () => false };

/** One object of each kind that can be made without a hook of one's own, and what the server adds for its associations. */
function objects(): readonly cosem.AnyObject[] {
  const value = { type: T.doubleLongUnsigned, value: 0 };
  const own = [
    clock(),
    dataObject("0-0:96.1.0", value),
    register("1-0:1.8.0", { ...value, unit: "Wh", resetTo: 0 }),
    extendedRegister("1-0:1.6.0", { ...value, unit: "W", captureTime: dateTimeOf(0), resetTo: 0 }),
    profileGeneric("1-0:99.1.0", { capture: [clock()], entries: 1 }),
    cosem.demandRegister("1-0:1.4.0", { source: () => 0, period: 900, unit: "W" }),
    cosem.parameterMonitor("0-0:16.2.0"),
    cosem.parameterMonitor("0-0:16.2.1", { version: 0 }),
    cosem.profileGeneric0("1-0:99.2.0", { capture: [clock()], entries: 1 }),
    cosem.compactData("0-0:66.0.1", { capture: [clock()] }),
    cosem.compactData0("0-0:66.0.2", { capture: [clock()] }),
    disconnectControl(),
    cosem.arbitrator("0-0:96.3.20", { actions: [], permissions: [], weightings: [] }),
    cosem.arrayManager("0-0:18.0.0"),
    cosem.dataProtection("0-0:43.2.0", { protector: dataProtector() }),
    cosem.communicationPortProtection("0-0:44.2.0", { portReference: "0-0:25.0.0" }),
    cosem.functionControl(),
    cosem.sensorManager("0-0:96.20.0"),
    cosem.imageTransfer(),
    disconnectControl("0-1:96.3.10", { version: 1 }),
    cosem.registerActivation("0-0:14.0.0"),
    cosem.scriptTable("0-0:10.0.0", []),
    cosem.schedule(),
    cosem.specialDays(),
    cosem.activityCalendar("0-0:13.0.0", { active: emptyCalendar }),
    cosem.autoConnect("0-0:2.1.0", { mode: 104, destinations: [], port: noNetwork }),
    ...([0, 1] as const).map((version) => cosem.mbusClient(`0.${version}.24.1.0.255`, { version, port: noSlave })),
    ...([0, 1, 2, 3] as const).map((version) =>
      cosem.pushSetup(`0.${version}.25.9.0.255`, { version, pushObjectList: [], destination: "127.0.0.1:4059" }),
    ),
    ...cosem.prepayment({
      commodity: register("1-0:1.8.0", { ...value, unit: "Wh" }),
      currency: { name: "EUR", scale: -2 },
      price: { value: 30, scale: -2, per: 3 },
      tokens: { read: () => ({ result: "format-failure" }) },
      disconnectControl: "0-0:96.3.11",
    }).objects,
  ];
  const kinds = [hls(3), hls5(), hls7()];
  const associations: [string, AssociationSpec][] = ([0, 1, 2, 3] as const).flatMap((version) =>
    kinds.map((security, at): [string, AssociationSpec] => {
      const client = version * 10 + at;
      return [`${client}`, { client, security, version }];
    }),
  );
  const { devices } = meterTemplate({ objects: own, associations: Object.fromEntries(associations) });
  // What a client with short names sees as its association.
  const names = () => cosem.baseNames([]);
  const shortNames = ([0, 1, 2, 3, 4] as const).map((version) => cosem.associationSn({ version, names }));
  return [...(devices.get(1)?.objects ?? []), ...shortNames];
}

const key = ({ classId, version }: Class): string => `${classId}/${version}`;

/** Methods by class: those that some object does something at. */
function methodsOf(made: readonly cosem.AnyObject[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { spec, hooks } of made) {
    const methods = found.get(key(spec)) ?? new Set<string>();
    for (const name of Object.keys(hooks.invoke ?? {})) methods.add(name);
    found.set(key(spec), methods);
  }
  return found;
}

/** Classes, attributes, methods, and how sure the declarations are. */
export function classesTable(): string {
  const implemented = methodsOf(objects());
  return table(
    [
      "class",
      "id",
      "version",
      "attributes (besides 1)",
      "methods that act",
      "methods that only are declared",
      "confidence",
    ],
    interfaceClasses.map((one) => {
      const done = implemented.get(key(one));
      const methods = Object.entries(one.methods);
      const listed = (wanted: boolean): string =>
        methods
          .filter(([name]) => (done?.has(name) ?? false) === wanted)
          .map(([name, { id }]) => `${id} ${name}`)
          .join(", ");
      const shown = Object.entries(one.attributes).filter(([, { id }]) => id !== 0);
      const attributes = shown.map(([name, { id }]) => `${id} ${name}`);
      const { name, classId, version, confidence = "high" } = one;
      return [name, `${classId}`, `${version}`, attributes.join(", "), listed(true), listed(false), confidence];
    }),
  );
}

/** The meters that the simulator has, and how many objects of which class. */
export function templatesTable(): string {
  return table(
    ["template", "meter", "classes (objects)"],
    templates.map((template) => {
      const counts = new Map<string, number>();
      for (const { spec } of template.objects()) counts.set(spec.name, (counts.get(spec.name) ?? 0) + 1);
      const listed = [...counts].sort(([one], [other]) => one.localeCompare(other));
      return [`\`${template.name}\``, template.title, listed.map(([name, count]) => `${name} (${count})`).join(", ")];
    }),
  );
}
