import { type DataLike, encodeApdu } from "@dlmskit/apdu";
import {
  type AttributeDescriptor,
  after,
  type DeviceView,
  informationReport,
  type MaybePromise,
} from "@dlmskit/cosem-objects";

/** Options of a notification. */
export interface NotifyOptions {
  /** The client. The keys and the policy of its association protect the notification. 1, the client management process, by default. */
  readonly client?: number;
  /** The destination, such as `"tcp://host:port"`; by default `"client:N"`, the open association of the client. */
  readonly destination?: string;
  /** Messages with a higher priority are sent first; 0 by default. */
  readonly priority?: number;
  /** Whether the notification contains the time of the meter's clock; true by default. */
  readonly time?: boolean;
}

/** The interface of the meter for its notifier. */
interface NotifierPort {
  /** Simulated time. */
  readonly now: number;
  change(run: (device: DeviceView) => MaybePromise<void>): MaybePromise<void>;
}

type Of = (device: DeviceView) => MaybePromise<Uint8Array>;

/**
 * Sends notifications of a meter from its management logical device through the queue. With a store, they are in the same commit as the
 * other changes of the same `meter.change`.
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
   * Sends an EventNotification: an attribute with its current value. It is never confirmed. If it cannot be sent, it is tried five times.
   * Throws the errors of reading the attribute.
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
   * Sends an InformationReport (meters with short names): attributes with their current values. An attribute without a short name is
   * refused with `object-undefined`. Throws the errors of reading the attributes.
   */
  informationReport(attributes: readonly AttributeDescriptor[], options: NotifyOptions = {}): MaybePromise<void> {
    const at = options.time === false ? undefined : this.#meter.now;
    return this.#notify("information-report", options, (device) => informationReport(device, attributes, at));
  }
}
