import { Fault, type FaultCode } from "@dlmskit/core";
import type { Frame } from "./frame.ts";
import { decodeRejection } from "./reject.ts";

function fault(code: FaultCode<"hdlc">, message: string, hint?: string, cause?: unknown): Fault {
  return new Fault(code, message, { layer: "hdlc", ...(hint === undefined ? {} : { hint }), cause });
}

/** `bareSnrm`: SNRM was sent without parameters; some meters do not answer such an SNRM. */
export function noAnswer(tries: number, bareSnrm: boolean): Fault {
  const quirk = bareSnrm ? ' Some meters answer only with the quirk "snrm-with-parameters"' : "";
  return fault("no-answer", `no answer to ${tries} attempts`, `check the address and the line.${quirk}`);
}

/** The server answers polls, but it neither finishes its message nor accepts the waiting frames. */
export function polledInVain(): Fault {
  return fault("no-answer", "the server does not answer polls");
}

/** DM or FRMR was received instead of UA. */
export function connectionRefused({ frame }: Frame): Fault {
  return fault("link-refused", `the meter refuses the data link (${frame.toUpperCase()} to SNRM)`);
}

/** DM or FRMR was received while the link was open. */
export function connectionLost(frame: Frame): Fault {
  if (frame.frame === "dm") return fault("link-refused", "the meter has no data link open (DM)");
  return fault("frame-rejected", `the meter refuses a frame (FRMR${reasonsOf(frame)})`);
}

/** The reasons that an FRMR gives for the rejection. */
function reasonsOf({ information }: Frame): string {
  try {
    const { control, reasons } = decodeRejection(information);
    return `: control 0x${control.toString(16).padStart(2, "0")}, ${reasons.join(", ") || "no reason"}`;
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    return "";
  }
}

export function unreadableParameters(cause: unknown): Fault {
  return fault("bad-parameters", "the parameters in UA cannot be read", undefined, cause);
}

export function aboveProposal(): Fault {
  return fault(
    "bad-parameters",
    "a parameter in UA is greater than proposed",
    'the quirk "ua-above-proposal" accepts it',
  );
}

export function frameTooLong(octets: number, negotiated: number): Fault {
  return fault("frame-too-long", `${octets} octets, ${negotiated} negotiated`);
}

export function messageTooLong(): Fault {
  return fault("message-too-long", "the segments of the server's message are longer than the limit");
}
