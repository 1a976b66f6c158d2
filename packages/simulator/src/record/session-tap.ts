import { ApduTag } from "@dlmskit/apdu";
import { sameOctets } from "@dlmskit/core";
import type { Tap } from "@dlmskit/server";
import { type LineOf, recordHead, recordLine } from "./record-file.ts";

export interface RecordOptions {
  /** Writes text at the end of the record. What it has written must outlive the process. */
  readonly write: (text: string) => void;
  /** The time of day, ms since 1970 UTC. */
  readonly now: () => number;
  /** How many octets the record may have; 100 MB by default. */
  readonly limit?: number;
  /** Called once, when the limit is reached. Nothing more is recorded. */
  readonly full?: () => void;
  /**
   * Number of the session before the first one; 0 by default. Processes that append to one record give numbers that are far apart: only the
   * record of 0 begins with its head. A session that another process serves passes through this process, too. So with a number a session is
   * written from the moment on at which this process has an APDU of it in plain.
   */
  readonly sessionsBefore?: number;
}

const usualLimit = 100_000_000;
/** Lines of a session that are held until it is known which process serves it. */
const mostHeld = 8;
/** Sessions that are under way; the oldest is forgotten first. */
const mostOpen = 100_000;

interface Open {
  readonly session: number;
  /** The last APDU in plain, until it is seen as it goes. */
  plain: Uint8Array | undefined;
  sealed: Uint8Array | undefined;
  /** The lines of a session that another process may serve; undefined: this one serves it. */
  held: string[] | undefined;
}

/**
 * A tap that records what clients say to meters and what these answer: each APDU as it is on the link, and in plain if it is ciphered. A
 * line is written at once, so that a crash loses nothing. The record contains passwords and keys that were sent.
 */
export function recordingTap({ write, now, limit = usualLimit, full, sessionsBefore = 0 }: RecordOptions): Tap {
  const open = new Map<string, Open>();
  let sessions = sessionsBefore;
  let written = 0;
  let over = false;
  const put = (text: string): void => {
    if (over) return;
    if (written + text.length > limit) {
      over = true;
      full?.();
      return;
    }
    written += text.length;
    write(text);
  };
  if (sessionsBefore === 0) put(recordHead(now()));
  return ({ at, way, octets, remote, meter, client, device }) => {
    if (at === "link" || client === undefined || over) return undefined;
    const key = `${remote} ${client} ${meter?.id} ${device}`;
    let known = open.get(key);
    if (known === undefined || (at === "sealed" && way === "received" && octets[0] === ApduTag.aarq)) {
      known = { session: ++sessions, plain: undefined, sealed: undefined, held: sessionsBefore > 0 ? [] : undefined };
      if (open.size >= mostOpen) open.delete(open.keys().next().value as string);
      open.set(key, known);
    }
    const { held } = known;
    if (at === "plain" && held !== undefined) {
      for (const line of held) put(line);
      known.held = undefined;
    }
    const say = (said: LineOf): void => {
      if (known?.held === undefined) put(recordLine(said));
      else if (known.held.length < mostHeld) known.held.push(recordLine(said));
    };
    const said = { session: known.session, at: now(), way, client, device, meter: meter?.identity.serial };
    const first = way === "received" ? "sealed" : "plain";
    if (at === first) {
      known[at] = octets;
      if (at === "plain") return undefined;
      say({ ...said, octets: { pdu: octets }, decoded: true });
      return undefined;
    }
    if (at === "plain") {
      if (known.sealed === undefined || !sameOctets(known.sealed, octets)) {
        say({ ...said, octets: { plain: octets }, decoded: true });
      }
      known.sealed = undefined;
      return undefined;
    }
    const { plain } = known;
    known.plain = undefined;
    const ciphered = plain !== undefined && !sameOctets(plain, octets);
    if (ciphered) say({ ...said, octets: { plain }, decoded: true });
    say({ ...said, octets: { pdu: octets }, decoded: !ciphered });
    return undefined;
  };
}
