import { type Asked, hlsCauses, type RefusalCause, refusalCauses, refusalText } from "@dlmskit/association";
import type { Fault } from "@dlmskit/core";
import { restated } from "./restated.ts";

/** A likely cause of a failed connection or association. */
export type LikelyCause =
  | RefusalCause
  /** Another program uses the same key and system title. */
  | "shared-counters"
  /** The client's invocation counters were lost, or restored from an older copy. */
  | "lost-counters"
  /** The system title in the server's answer is not its own. */
  | "wrong-server-title"
  /** The peer uses another link layer. */
  | "wrong-link"
  /** Another service listens on the port. */
  | "wrong-service"
  /** The client or server address is wrong, so that no meter answers. */
  | "wrong-address"
  /** The client or server address is not known to the meter, or the meter has no free connection. */
  | "closed-by-meter"
  /** The answer takes longer than the timeout. */
  | "slow-line"
  /** The gateway does not know the meter, or cannot reach it. */
  | "not-behind-gateway";

/** Codes of Faults whose hint already lists these causes. */
const hinted: ReadonlySet<string> = new Set([
  "association-refused",
  "initiate-refused",
  "authentication-failed",
  "mechanism-mismatch",
  "invocation-counter-error",
]);

/**
 * Likely causes of a Fault of `connect`, the most likely first; none if the Fault itself states the cause. `gateway`: the meter is behind
 * one.
 */
export function likelyCauses(fault: Fault, asked: Asked, gateway = false): readonly LikelyCause[] {
  // A gateway gives this exception in place of a meter.
  if (gateway && fault.code === "exception-response") return ["not-behind-gateway"];
  if (gateway && fault.code === "timeout") return ["not-behind-gateway", ...causesOf(fault, asked)];
  return causesOf(fault, asked);
}

function causesOf(fault: Fault, asked: Asked): readonly LikelyCause[] {
  switch (fault.code) {
    case "association-refused":
    case "initiate-refused":
      return refusalCauses(fault.detail, asked);
    case "authentication-failed":
      return hlsCauses;
    case "mechanism-mismatch":
    case "authentication-skipped":
      return ["wrong-mechanism", "wrong-client"];
    case "invocation-counter-error":
      return ["shared-counters", "lost-counters"];
    case "bad-tag":
      return ["wrong-secret", "wrong-server-title"];
    case "link-broken":
      return ["wrong-link", "wrong-service"];
    case "connection-reset":
    case "link-lost":
      return ["closed-by-meter", "wrong-link"];
    case "timeout":
      // The cause shows what was dropped, so the addresses are not a likely cause.
      return fault.layer === "client" || fault.cause === undefined
        ? ["wrong-address", "wrong-link", "slow-line"]
        : ["slow-line"];
    default:
      return [];
  }
}

/** What to try for a cause, in terms of `ConnectOptions`. */
function likelyCauseText(cause: LikelyCause, asked: Asked, timeout: number): string {
  switch (cause) {
    case "shared-counters":
      return "another program may use the same key and system title: give each its own `security.systemTitle`";
    case "lost-counters":
      return "the client's counters may be lost or set back: connect again with `DurableCounters`, or read the counter with `readInvocationCounter`";
    case "wrong-server-title":
      return "the server's system title may not be the one in its answer: give `security.serverSystemTitle`";
    case "wrong-link":
      return "the peer may use another link layer (HDLC or the wrapper)";
    case "wrong-service":
      return "the port may belong to another service (HTTP, TLS)";
    case "wrong-address":
      return "the client or server address may be wrong: a meter does not answer requests to other addresses";
    case "closed-by-meter":
      return "the meter may not know the client or server address, or may have no free connection";
    case "slow-line":
      return `the line may be slow: raise \`timeout\` (now ${timeout} ms)`;
    case "not-behind-gateway":
      return "the gateway may not reach the meter: check `gateway` (network id, physical device address), and that there is a gateway";
    default:
      return refusalText(cause, asked);
  }
}

/** The information that explains a Fault of `connect`. */
export interface Explaining {
  readonly asked: Asked;
  /** The timeout, ms. */
  readonly timeout: number;
  /** Whether the meter is behind a gateway; false by default. */
  readonly gateway?: boolean;
  /** The text of a cause; undefined: the texts name the options of `connect`. */
  readonly text: ((cause: LikelyCause) => string) | undefined;
}

/** The Fault with its likely causes added to its hint, one per line. */
export function withLikelyCauses(fault: Fault, { asked, timeout, text, gateway }: Explaining): Fault {
  const causes = likelyCauses(fault, asked, gateway);
  const own = hinted.has(fault.code) ? undefined : fault.hint;
  if (causes.length === 0 || (text === undefined && own === undefined && fault.hint !== undefined)) return fault;
  const lines = causes.map((cause) => text?.(cause) ?? likelyCauseText(cause, asked, timeout));
  return restated(fault, { hint: [...(own === undefined ? [] : [own]), ...lines].join("\n") });
}
