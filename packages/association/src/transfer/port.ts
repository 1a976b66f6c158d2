import type { ConformanceName, Invoke } from "@dlmskit/apdu";
import type { Fault } from "@dlmskit/core";
import type { ProtectionSeen, Sealing } from "../protection/sealing.ts";
import type { Source } from "./source.ts";

/** What every APDU of a request carries, and how it came. */
export interface RequestContext extends Invoke {
  /** It came in general block transfer: its answer goes so, too, however short it is. */
  readonly general?: boolean;
  /** Whether the client gets an answer: the service class alone does not say so. */
  readonly answered: boolean;
  readonly seen: ProtectionSeen;
  /** How the answer leaves; what the server's rights ask for besides is added when it answers. */
  sealing: Sealing | undefined;
}

/** What a transfer at the server's end needs of the association that it runs in. */
export interface TransferPort {
  /** The most octets that a request in blocks is put together to. */
  readonly maxApdu: number;
  /** How long a transfer may stand still, in ms. */
  readonly transferTimeout: number;
  has(name: ConformanceName): boolean;
  /** Octets of the largest plain APDU that may answer this request. */
  room(context: RequestContext): number;
  /** Octets of the longest plain APDU that can answer it, in general block transfer where that was negotiated. */
  reach(context: RequestContext): number;
  /** Whether general block transfer carries what is too long; `inBlocks`: the bit of the blocks that the service has for it. */
  inGeneralBlocks(context: RequestContext, inBlocks?: ConformanceName): boolean;
  /** Sends a plain APDU as the answer, in general block transfer where it is too long. Faults `pdu-too-long`, and those of sealing. */
  reply(apdu: Uint8Array, context: RequestContext): void;
  /** Whether all of such an answer must be here before it is sent: to be sealed as a whole, or to be seen by a tap. */
  sendsWhole(context: RequestContext): boolean;
  /** Sends an answer in general block transfer as it is made. Not where it must be whole. */
  stream(source: Source): void;
  /** Something went wrong that the client is told of otherwise, or not at all. */
  refused(fault: Fault): void;
  /** Answers with an exception-response. */
  exception(fault: Fault): void;
}

/** The three fields that an answer repeats. */
export function echo({ invokeId, priority, serviceClass }: Invoke): Invoke {
  return { invokeId, priority, serviceClass };
}
