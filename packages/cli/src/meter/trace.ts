import { type DecipherKeys, Decoder } from "@dlmskit/capture";
import { type TraceEvent, type Tracer, toHex } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import { errorColours } from "../output/colours.ts";
import { faultText } from "../output/fault.ts";
import { errorTreeText } from "../output/tree.ts";
import { visible } from "../output/visible.ts";

const aarqTag = 0x60;
const asterisk = 0x2a;

/** The octets with an asterisk in place of each octet of `secret`. */
function masked(octets: Uint8Array, secret: Uint8Array | undefined): Uint8Array {
  if (secret === undefined || secret.length === 0) return octets;
  const copy = octets.slice();
  for (let at = 0; at + secret.length <= copy.length; at++) {
    if (secret.every((octet, step) => octets[at + step] === octet)) copy.fill(asterisk, at, at + secret.length);
  }
  return copy;
}

export interface TraceOptions {
  /** Keys to decipher the shown APDUs. */
  readonly keys: DecipherKeys;
  /** The LLS password. An AARQ carries it unencrypted; it is shown as asterisks. */
  readonly password?: Uint8Array | undefined;
  write(text: string): void;
}

/**
 * A tracer that writes text: sent (`>`) and received (`<`) octets with the ms since the start, the explanation of each APDU below
 * its octets, and octets that the link dropped.
 */
export function traceText({ keys, password, write }: TraceOptions): Tracer {
  const decoder = new Decoder({ layer: "apdu", keys, provider: node, unverified: true });
  const { dim } = errorColours();
  let began: number | undefined;
  let opening = false;
  return (event: TraceEvent): void => {
    began ??= event.at;
    const at = String(Math.round(event.at - began)).padStart(6);
    switch (event.type) {
      case "octets": {
        const out = event.direction === "out";
        const octets = out && opening ? masked(event.octets, password) : event.octets;
        write(`${dim(at)} ${out ? ">" : "<"} ${toHex(octets)}\n`);
        return;
      }
      case "pdu": {
        // Only the AARQ carries the password.
        opening = event.direction === "out" && event.pdu[0] === aarqTag;
        for (const item of decoder.decode(opening ? masked(event.pdu, password) : event.pdu)) {
          if (item.node !== undefined)
            write(errorTreeText([item.node]).replace(/^/gm, "         ").trimEnd().concat("\n"));
          for (const fault of [item.fault, item.pduFault]) if (fault !== undefined) write(faultText(fault));
        }
        return;
      }
      case "dropped":
        write(`${dim(at)} dropped (${event.why}) ${toHex(event.octets)}\n`);
        return;
      case "state":
        write(`${dim(at)} ${visible(event.what)}\n`);
    }
  };
}
