import { ApduTag, type ApduTagName, DedTag, GloTag } from "@dlmskit/apdu";

const ofClient: readonly ApduTagName[] = [
  ...(["read-request", "write-request", "unconfirmed-write-request", "aarq", "rlrq"] as const),
  ...(["get-request", "set-request", "action-request", "access-request", "gateway-request"] as const),
];
const ofMeter: readonly ApduTagName[] = [
  ...(["read-response", "write-response", "confirmed-service-error", "aare", "rlre"] as const),
  ...(["data-notification", "information-report-request", "event-notification-request"] as const),
  ...(["get-response", "set-response", "action-response", "access-response"] as const),
  ...(["exception-response", "gateway-response"] as const),
];

const tagsOf = (names: readonly ApduTagName[]): ReadonlySet<number> =>
  new Set(
    names.flatMap((name) => {
      const { [`glo-${name}`]: glo = [], [`ded-${name}`]: ded = [] } = { ...GloTag, ...DedTag } as {
        readonly [name: string]: number | undefined;
      };
      return [ApduTag[name], glo, ded].flat();
    }),
  );
const [clientTags, meterTags] = [tagsOf(ofClient), tagsOf(ofMeter)];

/** Which way an APDU goes, from the meter's end, by its kind; undefined for kinds that both ends send. */
export function wayOf([tag = 0]: Uint8Array): "received" | "sent" | undefined {
  return clientTags.has(tag) ? "received" : meterTags.has(tag) ? "sent" : undefined;
}
