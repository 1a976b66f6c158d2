import { type DataLike, encodeApdu } from "@dlmskit/apdu";
import {
  type AttributeDescriptor,
  after,
  type DeviceView,
  informationReport,
  type MaybePromise,
} from "@dlmskit/cosem-objects";

/** Who is told. */
export interface NotifyOptions {
  /** The client: the keys and the policy of its association protect what it is told. 1, the client management process, unless told otherwise. */
  readonly client?: number;
  /** `"tcp://host:port"` and the like; `"client:N"`, the association that the client has open, unless told otherwise. */
  readonly destination?: string;
  /** The higher the sooner; 0 unless told otherwise. */
  readonly priority?: number;
  /** Whether the time of the meter's clock goes along; true unless told otherwise. */
  readonly time?: boolean;
}

/** The meter that tells. */
interface NotifierPort {
  /** Simulated time. */
  readonly now: number;
  change(run: (device: DeviceView) => MaybePromise<void>): MaybePromise<void>;
}

type Of = (device: DeviceView) => MaybePromise<Uint8Array>;

/**
 * What a meter tells by itself, from its management logical device through the queue: with a store in one commit with whatever else the
 * same `meter.change` does.
 */
export class Notifier {
  readonly #meter: NotifierPort;

  constructor(meter: NotifierPort) {
    this.#meter = meter;
  }

  #notify(messageType: string, options: NotifyOptions, of: Of): MaybePromise<void> {
    const { client = 1, destination = `client:${client}`, priority = 0 } = options;
    return this.#meter.change((device) =>
      after(of(device), (payload) => {
        const [object] = device.objects;
        const scheduledTime = object === undefined ? 0 : Math.floor(device.context(object).elapsed);
        device.notify({ messageType, destination, payload, priority, scheduledTime, client });
      }),
    );
  }

  /**
   * EventNotification: an attribute with the value that it has now. It is never confirmed; one that does not leave is tried five times.
   * Throws what reading the attribute throws.
   */
  eventNotification(attribute: AttributeDescriptor, options: NotifyOptions = {}): MaybePromise<void> {
    return this.#notify("event-notification", options, (device) =>
      after(device.get(attribute) as MaybePromise<DataLike>, (value) => {
        const clock = options.time === false ? undefined : device.objects.map((one) => device.context(one))[0];
        return encodeApdu({
          apdu: "event-notification-request",
          ...(clock === undefined ? {} : { time: clock.local.dateTimeOf(clock.now) }),
          ...{ attribute, value },
        });
      }),
    );
  }

  /**
   * InformationReport, of meters with short names: attributes with the values that they have now. Refuses with `object-undefined` an attribute
   * without a short name; throws what reading throws.
   */
  informationReport(attributes: readonly AttributeDescriptor[], options: NotifyOptions = {}): MaybePromise<void> {
    const at = options.time === false ? undefined : this.#meter.now;
    return this.#notify("information-report", options, (device) => informationReport(device, attributes, at));
  }
}
