import type { AnyObject, Context, DeviceView, Rights } from "../src/index.ts";
import { allRights, invokeMethod, readAttribute } from "../src/index.ts";

/** A meter of one device in the simplest form: what the server is to these objects. */
export function contextOf(
  objects: readonly AnyObject[],
  given: Partial<Context> & { rights?: Rights } = {},
): Context & { now: number } {
  const device: DeviceView = {
    sap: 1,
    name: "TST0000000000001",
    objects,
    devices: [
      { sap: 1, name: "TST0000000000001" },
      { sap: 17, name: "TST0000000000017" },
    ],
    find: (classId, instanceId) => objects.find((one) => one.spec.classId === classId && one.instance === instanceId),
    values: (object) => object.values,
    get({ classId, instanceId, attributeId }) {
      const object = device.find(classId, instanceId);
      if (object === undefined) throw new Error(`no ${instanceId}`);
      return readAttribute(object, object.values, attributeId, context);
    },
    invoke: (object, methodId, argument) => invokeMethod(object, object.values, methodId, argument, context),
  };
  const context: Context & { now: number } = {
    now: Date.UTC(2026, 10, 24, 8, 30, 12, 345),
    deviation: -330,
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
