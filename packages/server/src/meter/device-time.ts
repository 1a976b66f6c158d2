import type { AnyObject, LocalTime, TimeContext } from "@dlmskit/cosem-objects";
import type { Device } from "./device.ts";
import type { MeterTemplate, TimeContextPort } from "./meter-template.ts";

type LocalOf = MeterTemplate["local"];

/**
 * The context that decides when the objects of one logical device of one meter act next. The objects share it: separate functions for
 * each object would take half a KiB more for each loaded meter.
 */
class DeviceTime {
  readonly device: Device;
  readonly own: unknown;
  /** Separate functions, because a timeline takes them out of its context. */
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

/** The time context of each object of a meter with timed actions. `own`: the user's value of this meter. */
export function timeContexts(
  template: MeterTemplate,
  port: TimeContextPort,
  own: unknown,
): { readonly device: Device; readonly object: AnyObject; readonly context: TimeContext }[] {
  let time: DeviceTime | undefined;
  return template.timed.map(({ device, object }) => {
    // The objects are grouped by logical device.
    if (time?.device !== device) time = new DeviceTime(device, port, own, template.local);
    return { device, object, context: time.of(object) };
  });
}
