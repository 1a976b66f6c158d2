import type { ConformanceName, Invoke } from "@dlmskit/apdu";
import type { Fault } from "@dlmskit/core";
import type { ProtectionSeen, Sealing } from "../protection/sealing.ts";
import type { Source } from "./source.ts";

/** The fields of every APDU of a request, and how the APDU was received. */
export interface RequestContext extends Invoke {
  /** The request was received in general block transfer: its answer is sent in the same way, even if it is short. */
  readonly general?: boolean;
  /** Whether the client gets an answer; this does not depend on the service class alone. */
  readonly answered: boolean;
  readonly seen: ProtectionSeen;
  /** How the answer is sealed; the requirements of the server's access rights are added when it is sent. */
  sealing: Sealing | undefined;
}

/** The parts of the association that a transfer at the server's end uses. */
export interface TransferPort {
  /** Maximum length of a request in blocks, octets. */
  readonly maxApdu: number;
  /** How long a transfer may make no progress, ms. */
  readonly transferTimeout: number;
  has(name: ConformanceName): boolean;
  /** Length of the largest plain APDU that may answer this request, octets. */
  room(context: RequestContext): number;
  /** Length of the longest plain APDU that can answer the request, octets; in general block transfer if it was negotiated. */
  reach(context: RequestContext): number;
  /** Whether general block transfer is used for an answer that is too long. `inBlocks`: the bit of the service's own blocks. */
  inGeneralBlocks(context: RequestContext, inBlocks?: ConformanceName): boolean;
  /** Sends a plain APDU as the answer, in general block transfer if it is too long. Faults `pdu-too-long`, and those of sealing. */
  reply(apdu: Uint8Array, context: RequestContext): void;
  /** Whether the answer must be complete before it is sent: it is sealed as a whole, or a tap sees it. */
  sendsWhole(context: RequestContext): boolean;
  /** Sends an answer in general block transfer while it is made. Not for an answer that must be complete. */
  stream(source: Source): void;
  /** Reports a Fault about which the client is informed in another way, or not at all. */
  refused(fault: Fault): void;
  /** Answers with an exception-response. */
  exception(fault: Fault): void;
}

/** The three fields that an answer repeats. */
export function echo({ invokeId, priority, serviceClass }: Invoke): Invoke {
  return { invokeId, priority, serviceClass };
}
