import { treeOf } from "@dlmskit/apdu";
import {
  type AnyObject,
  after,
  afterEach,
  type Context,
  type CosemObject,
  ExtendedRegister,
  type Hooks,
  type MaybePromise,
  type MbusClient1,
  mbusClient,
  mbusSlave,
} from "@dlmskit/cosem-objects";
import { canRead, counterAt, lastHour, type MbusClientValues, mediumOf } from "../../meter/mbus-children.ts";
import { simulated } from "../../meter/simulated-meter.ts";

type Invoke = NonNullable<Hooks<typeof MbusClient1>["invoke"]>;
type Method = (values: MbusClientValues, argument: never, context: Context) => MaybePromise<unknown>;

/** Methods after which the meter on the channel may no longer be readable. */
const ending = ["slaveDeinstall", "setEncryptionKey", "transferKey"] as const;

/** An M-Bus client of a template, with the simulated meter on its channel. */
export function mbusChild(client: AnyObject): Hooks<typeof MbusClient1> {
  const { instance, spec } = client;
  const medium = mediumOf(client);
  const port = mbusSlave({
    ...{ medium, manufacturer: "DLK" },
    identificationNumber: (context) => numberOf(client, context),
    reading: (context) => counterAt(simulated(context), lastHour(context.now), medium),
  });
  const { hooks } = mbusClient(instance, { port, version: spec.version as 0 | 1 });
  const invoke = hooks.invoke as Invoke & { readonly [name: string]: Method };
  const withLastValues =
    (method: Method): Method =>
    (values, argument, context) =>
      after(keepLastValues(client, context), () => method(values, argument, context));
  const methods = ending.map((name) => [name, withLastValues(invoke[name] as Method)]);
  return { ...hooks, invoke: { ...invoke, ...Object.fromEntries(methods) } } as Hooks<typeof MbusClient1>;
}

/** The number in the template, or one that follows from the serial number and the channel. */
function numberOf({ instance, values }: AnyObject, context: Context): number {
  const given = values.identificationNumber as number;
  if (given !== 0) return given;
  const channel = Number(instance.split(".")[1]);
  return (Number(simulated(context).known.serial) * 10 + channel) % 100_000_000;
}

/** Keeps what the value objects of a channel show, since from now on the meter may not be readable. */
function keepLastValues(client: AnyObject, context: Context): MaybePromise<unknown> {
  if (!canRead(client, context)) return undefined;
  const { device, local, now } = context;
  const channel = client.instance.split(".")[1];
  return afterEach([1, 2], (place) => {
    const instanceId = `0.${channel}.24.2.${place}.255`;
    const target = device.find(ExtendedRegister.classId, instanceId) as
      | CosemObject<typeof ExtendedRegister>
      | undefined;
    if (target === undefined) return undefined;
    const value = { classId: ExtendedRegister.classId, instanceId, attributeId: 2 };
    return after(device.get(value), (shown) =>
      after(device.set(value, treeOf(shown)), () => device.set(target, "captureTime", local.dateTimeOf(now))),
    );
  });
}
