import { T } from "@dlmskit/apdu";
import { berlin } from "../../../test/zones.ts";
import type { AnyObject, AttributeDescriptor, Context, DeviceView, Rights } from "../src/index.ts";
import {
  allRights,
  dataObject,
  invokeMethod,
  LocalTime,
  RowRing,
  readAttribute,
  writeAttribute,
} from "../src/index.ts";

/** A meter of one device in the simplest form: what the server is to these objects. */
export function contextOf(
  objects: readonly AnyObject[],
  given: Partial<Context> & { rights?: Rights } = {},
): Context & { now: number } {
  const rings = new Map<AnyObject, RowRing>();
  const device: DeviceView = {
    sap: 1,
    name: "TST0000000000001",
    objects,
    devices: [
      { sap: 1, name: "TST0000000000001", templateSap: 1 },
      { sap: 17, name: "TST0000000000017", templateSap: 17 },
    ],
    find: (classId, instanceId) => objects.find((one) => one.spec.classId === classId && one.instance === instanceId),
    context: (object) => contextFor(object),
    values: (object) => object.values,
    draft: (object) => object.values,
    // biome-ignore lint/suspicious/noExplicitAny: both forms of DeviceView.get
    get(from: any, name?: any): any {
      if ("spec" in from) return from.values[name];
      const { classId, instanceId, attributeId } = from as AttributeDescriptor;
      const object = device.find(classId, instanceId);
      if (object === undefined) throw new Error(`no ${instanceId}`);
      return readAttribute(object, object.values, attributeId, contextFor(object), name);
    },
    // biome-ignore lint/suspicious/noExplicitAny: both forms of DeviceView.set
    set(to: any, second: any, value?: any): any {
      if ("spec" in to) {
        to.values[second] = value;
        return undefined;
      }
      const object = device.find(to.classId, to.instanceId);
      if (object === undefined) throw new Error(`no ${to.instanceId}`);
      return writeAttribute(object, object.values, to.attributeId, second, contextFor(object));
    },
    invoke: (object, methodId, argument) => invokeMethod(object, object.values, methodId, argument, contextFor(object)),
    rows(object) {
      const ring = (): RowRing | undefined => rings.get(object);
      return {
        count: () => ring()?.length ?? 0,
        range: (from, to) => ring()?.range(from, to) ?? [],
        entries: (first, last) => ring()?.entries(first, last) ?? [],
        append(at, row, keep) {
          const known = ring() ?? new RowRing(keep);
          rings.set(object, known);
          known.push(at, row);
        },
        clear: () => ring()?.clear(),
      };
    },
    log: () => undefined,
    logged: () => 0,
    whenKept: (then) => then(),
    notify: () => undefined,
  };
  const contextFor = (object: AnyObject): Context => Object.create(context, { object: { value: object } });
  const context: Context & { now: number } = {
    object: objects[0] ?? dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 0 }),
    by: { client: 48, association: "utility" },
    now: Date.UTC(2026, 10, 24, 8, 30, 12, 345),
    get elapsed() {
      return context.now;
    },
    deviation: -330,
    local: new LocalTime({ ...berlin, daylightSavingsEnabled: false, timeZone: given.deviation ?? -330 }),
    client: 48,
    own: undefined,
    device,
    association: {
      instanceId: "0.0.40.0.3.255",
      clientSap: 48,
      serverSap: 1,
      status: "associated",
      applicationContext: 3,
      mechanism: 5,
      conformance: ["get", "set", "action"],
      maxReceivePduSize: 1024,
      maxSendPduSize: 512,
      dlmsVersion: 6,
      qualityOfService: 0,
      securitySetup: "0.0.43.0.3.255",
      rights: given.rights ?? allRights,
    },
    setClock(instant) {
      context.now = instant;
    },
    ...given,
  };
  return context;
}

/** The code of what it throws. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (caught) {
    return (caught as { code?: string }).code ?? String(caught);
  }
  return "nothing thrown";
}
