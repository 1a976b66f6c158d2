import type { ConformanceName, Invoke } from "@dlmskit/apdu";
import type { Fault } from "@dlmskit/core";
import type { ProtectionSeen, Sealing } from "../protection/sealing.ts";

/** What every APDU of a request carries, and how it came. */
export interface RequestContext extends Invoke {
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
  /** Sends a plain APDU as the answer. Faults `pdu-too-long`, and those of sealing. */
  reply(apdu: Uint8Array, context: RequestContext): void;
  /** Something went wrong that the client is told of otherwise, or not at all. */
  refused(fault: Fault): void;
  /** Answers with an exception-response. */
  exception(fault: Fault): void;
}

/** The three fields that an answer repeats. */
export function echo({ invokeId, priority, serviceClass }: Invoke): Invoke {
  return { invokeId, priority, serviceClass };
}
