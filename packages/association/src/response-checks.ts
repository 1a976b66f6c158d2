import type { Fault } from "@dlmskit/core";
import { dropped, type InitiatorState } from "./initiator-state.ts";
import type { ProtectionSeen, Sealing } from "./protection/sealing.ts";
import { belongs, shown } from "./spoilt.ts";

/** Fault `unexpected-apdu` for an APDU that nothing waits for, or that is none. `ciphered`: in a ciphered association. */
export function unexpectedApdu(pdu: Uint8Array, state: InitiatorState, ciphered: boolean): Fault {
  const known = belongs(pdu[0], ciphered);
  return dropped(
    "unexpected-apdu",
    known
      ? `an APDU that nothing waits for while ${state}: ${shown(pdu)}`
      : `what came is no APDU that belongs here: ${shown(pdu)}`,
  );
}

/** A response is protected no less than its request was. Fault `protection-too-weak`. */
export function checkProtection(seen: ProtectionSeen, { authenticated, encrypted, signed }: Sealing): void {
  const unsigned = signed !== undefined && !seen.signed;
  if ((authenticated && !seen.authenticated) || (encrypted && !seen.encrypted) || unsigned) {
    const hint = 'the quirk "weaker-responses" takes it; what it lets through can be forged';
    throw dropped("protection-too-weak", "a response with less protection than its request", hint);
  }
}
