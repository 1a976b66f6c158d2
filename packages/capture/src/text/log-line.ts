import type { Direction } from "../record.ts";

/** A time or a date that is not a part of octets with separators. */
const clock = /(?<![\w:.-])\d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?(?![:\w]|[.-][0-9a-f]{2}\b)/gi;
const date = /(?<![\w:.-])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{4})(?:T(?=\d)|(?![\w-]))/gi;
const received = /(?:^|[\s[(|:])(?:<{1,3}|<[-=]+|←|rx|recv|received?|receiving|in|incoming)(?=$|[\s:\])|])/i;
const sent = /(?:^|[\s[(|:])(?:>{1,3}|[-=]+>|→|tx|sent|send|sending|out|outgoing)(?=$|[\s:\])|])/i;

const between = "(?:[ \\t]{1,3}|[,;:.·•_|-][ \\t]?)";
const hexGroup = "(?:0x|\\\\x)?(?:[0-9a-f]{2})+h?";
const run = new RegExp(`(?<![\\w\\\\])${hexGroup}(?:${between}${hexGroup})*(?!\\w)`, "gi");
const escapesRun = /(?:\\x[0-9a-f]{2}){2,}/gi;
const shortRun = /(?<![\w\\])(?:0x[0-9a-f]{1,2})(?:[\s,;:]+0x[0-9a-f]{1,2})+(?!\w)/gi;

const leading =
  /^[[(]?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{4})?[T ]{0,2}(?:[01]?\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,:]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?[\])]?(?:\s*[:|>-])?(?=\s)/;
const epoch = /^[[(]?1\d{9}(?:\d{3}|[.,]\d{1,9})?[\])]?:?(?=\s)/;

/** The time stamp at the start of a line, and the rest of the line. */
export function leadingTime(text: string): { readonly time?: string; readonly rest: string } {
  const found = leading.exec(text)?.[0] ?? epoch.exec(text)?.[0];
  if (found === undefined) return { rest: text };
  return { time: found.replace(/^[[(]|[\])\s:|>-]+$/g, ""), rest: text.slice(found.length).trim() };
}

const blanked = (text: string): string => " ".repeat(text.length);
const digitsIn = (text: string): number => text.replace(/0x|\\x|[^0-9a-f]/gi, "").length;

/** The octets of a log line, with the information around them. */
export interface LogLine {
  /** The part of the line that has the octets. */
  readonly octets: string;
  readonly time?: string;
  readonly direction?: Direction;
}

/** Finds the octets in a log line: the longest run that is not a time stamp; undefined if no run is long enough. */
export function logLine(text: string): LogLine | undefined {
  const times: string[] = [];
  const dates = text.replace(date, (found) => {
    times.push(found.replace(/T$/, ""));
    return blanked(found);
  });
  const plain = dates.replace(clock, (found) => {
    times.push(found);
    return blanked(found);
  });
  let best: { text: string; index: number } | undefined;
  for (const pattern of [run, escapesRun, shortRun]) {
    for (const found of plain.matchAll(pattern)) {
      if (best === undefined || digitsIn(found[0]) > digitsIn(best.text)) best = { text: found[0], index: found.index };
    }
  }
  if (best === undefined) return undefined;
  const before = plain.slice(0, best.index);
  const after = plain.slice(best.index + best.text.length).trim();
  // Words may look like octets: a short run is used only if it follows a mark and ends the line.
  const marked = /(?:[:>|=\]<]|\b(?:rx|tx|sent|received|send|recv))\s*$/i.test(before) && after === "";
  if (digitsIn(best.text) < (marked ? 2 : 8)) return undefined;
  const direction = received.test(before) ? "received" : sent.test(before) ? "sent" : undefined;
  return {
    octets: best.text,
    ...(times.length === 0 ? {} : { time: times.join(" ") }),
    ...(direction === undefined ? {} : { direction }),
  };
}
