import { type Apdu, encodeApdu } from "@dlmskit/apdu";
import type { InitiatorOptions } from "./initiator-options.ts";
import type { Channel } from "./protection/channel.ts";
import { inGeneralForm, type Sealing } from "./protection/sealing.ts";
import { tapped } from "./tap.ts";

/**
 * The DataNotification-Confirm that a notification asks for, protected as requests are. Undefined if the notification asks for none,
 * or if none is to be sent. Faults of sealing. Green Book 9.3.10.
 */
export function confirmationOf(
  apdu: Apdu,
  { confirmNotifications, tap }: Pick<InitiatorOptions, "confirmNotifications" | "tap">,
  channel: Channel,
  sealing: Sealing | undefined,
): Uint8Array | undefined {
  if (apdu.apdu !== "data-notification" || apdu.serviceClass !== "confirmed" || confirmNotifications === false) {
    return undefined;
  }
  const { longInvokeId, selfDescriptive, processingOption, serviceClass, priority } = apdu;
  const plain = encodeApdu({
    apdu: "data-notification-confirm",
    ...{ longInvokeId, selfDescriptive, processingOption, serviceClass, priority },
  });
  const passed = tapped(tap, "sent", plain);
  const form = inGeneralForm(sealing);
  return passed && channel.seal(passed, form && { ...form, answered: false });
}
