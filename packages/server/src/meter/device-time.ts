import type { AnyObject, LocalTime, TimeContext } from "@dlmskit/cosem-objects";
import type { Device } from "./device.ts";
import type { MeterTemplate, TimeContextPort } from "./meter-template.ts";

type LocalOf = MeterTemplate["local"];

/**
 * What decides when the objects of one logical device of one meter act next. They share it: each of them with functions of its own
 * would take half a KiB more of each meter that is loaded.
 */
class DeviceTime {
  readonly device: Device;
  readonly own: unknown;
  /** Functions of their own: a timeline takes them out of its context. */
  readonly values: TimeContext["values"];
  readonly clockAt: TimeContext["clockAt"];
  readonly #localOf: LocalOf;

  constructor(device: Device, port: TimeContextPort, own: unknown, localOf: LocalOf) {
    this.device = device;
    this.own = own;
    this.values = (of) => port.values(of) as never;
    this.clockAt = (elapsed) => elapsed + port.offset;
    this.#localOf = localOf;
  }

  get local(): LocalTime {
    return this.#localOf(this.device, this.values as TimeContextPort["values"]);
  }

  of(object: AnyObject): TimeContext {
    return new ObjectTime(this, object);
  }
}

class ObjectTime implements TimeContext {
  readonly #time: DeviceTime;
  readonly object: AnyObject;

  constructor(time: DeviceTime, object: AnyObject) {
    this.#time = time;
    this.object = object;
  }

  get own(): unknown {
    return this.#time.own;
  }

  get objects(): readonly AnyObject[] {
    return this.#time.device.objects;
  }

  get local(): LocalTime {
    return this.#time.local;
  }

  get values(): TimeContext["values"] {
    return this.#time.values;
  }

  get clockAt(): TimeContext["clockAt"] {
    return this.#time.clockAt;
  }
}

/** Of each object of a meter that acts in time. `own`: what the template keeps of this meter alone. */
export function timeContexts(
  template: MeterTemplate,
  port: TimeContextPort,
  own: unknown,
): { readonly device: Device; readonly object: AnyObject; readonly context: TimeContext }[] {
  let time: DeviceTime | undefined;
  return template.timed.map(({ device, object }) => {
    // They stand together by their logical device.
    if (time?.device !== device) time = new DeviceTime(device, port, own, template.local);
    return { device, object, context: time.of(object) };
  });
}
