import type { Data } from "@dlmskit/apdu";
import { CosemDateTime, dateTimeText, decode, instantOf } from "@dlmskit/core";

/** A date-time in ISO 8601, with `Z` or an offset if the deviation is specified; the form of `dateTimeText` if other parts are not specified. */
export function isoText(value: CosemDateTime): string {
  if (instantOf(value) === undefined) return dateTimeText(value);
  const [date = "", time = "", zone = ""] = dateTimeText(value).split(" ");
  return `${date}T${time.replaceAll("*", "0")}${zone === "+00:00" ? "Z" : zone}`;
}

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
  if (time !== undefined) return { time: isoText(time) };
  if (data.type === "octet-string" && isPrintable(data.value)) return { text: new TextDecoder().decode(data.value) };
  return {};
}
