import type { Notification } from "@dlmskit/cosem-objects";
import type { Message } from "@dlmskit/storage";
import type { KnownMeter } from "./meter-identity.ts";

/** The notifications of a meter as rows of the queue. */
export function messagesOf({ template, id }: KnownMeter, notifications: readonly Notification[]): Message[] {
  return notifications.map(({ from, client, ...row }) => ({
    ...row,
    meterId: id,
    ...(client === undefined ? {} : { clientId: client }),
    ...(from === undefined
      ? {}
      : { logicalDevice: template.deviceOf(from).sap, classId: from.spec.classId, instanceId: from.instance }),
  }));
}
