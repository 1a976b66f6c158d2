import {
  type AnyObject,
  attempt,
  type CommunicationPortProtection,
  isPortLocked,
  portAttemptFailed,
  portAttemptSucceeded,
  protectsPort,
  type Values,
} from "@dlmskit/cosem-objects";
import type { Device } from "../meter/device.ts";
import type { LiveMeter } from "../meter/live-meter.ts";

const known = new WeakMap<Device, PortGuard>();

type ProtectionValues = Values<typeof CommunicationPortProtection>;

/** The objects of a logical device that protect the ports of its meter (class 124). */
export class PortGuard {
  readonly #protections: readonly AnyObject[];

  private constructor(device: Device) {
    this.#protections = device.objects.filter(protectsPort);
  }

  /** Returns the one guard for all sessions of all meters of a template. */
  static of(device: Device): PortGuard {
    const found = known.get(device) ?? new PortGuard(device);
    known.set(device, found);
    return found;
  }

  /** Whether no association may be opened now. */
  isLocked(live: LiveMeter): boolean {
    return this.#protections.some((one) => isPortLocked(live.values(one) as ProtectionValues));
  }

  /** Called when a client authenticated successfully or failed. */
  attempted(live: LiveMeter, success: boolean): void {
    if (this.#protections.length === 0) return;
    attempt(
      () =>
        live.change({ self: "program" }, (work) => {
          for (const one of this.#protections) {
            const values = work.draft(one) as ProtectionValues;
            if (success) portAttemptSucceeded(values);
            else portAttemptFailed(values, live.time);
          }
        }),
      (error) => live.failed("the count of failed attempts", error),
    );
  }
}
