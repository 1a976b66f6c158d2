import type { Data } from "@dlmskit/apdu";
import { CosemDateTime, decode, instantOf, isoDateTimeText } from "@dlmskit/core";

/** The date-time of Data of the type date-time, or of an octet-string with its 12 octets. Undefined for anything else. */
function timeOf(data: Data): CosemDateTime | undefined {
  if (data.type === "date-time") return data.value;
  if (data.type !== "octet-string" || data.value.length !== 12 || isPrintable(data.value)) return undefined;
  const value = decode(CosemDateTime, data.value);
  return instantOf(value) === undefined ? undefined : value;
}

const isPrintable = (octets: Uint8Array): boolean =>
  octets.length > 0 && octets.every((octet) => octet >= 0x20 && octet < 0x7f);

/** The members that `--json` adds to a raw value: `{"time"}` in ISO 8601, `{"text"}` for printable octets, or none. */
export function readableOf(data: Data): { readonly time?: string; readonly text?: string } {
  const time = timeOf(data);
  if (time !== undefined) return { time: isoDateTimeText(time) };
  if (data.type === "octet-string" && isPrintable(data.value)) return { text: new TextDecoder().decode(data.value) };
  return {};
}
