import { Fault } from "@dlmskit/core";
import type { CryptoProvider, Random } from "@dlmskit/security";
import type { Negotiated, Offer } from "./offer.ts";
import type { ResponderOutput } from "./outputs.ts";
import type { ResultsOf } from "./services.ts";

export interface ResponderLimits {
  /** How long a block transfer may stand still, in ms; 60,000 unless told otherwise. */
  readonly transferTimeout?: number;
  /** Requests that wait for `respond` at the same time; 16 unless told otherwise. */
  readonly outstanding?: number;
}

export interface ResponderOptions {
  /** Absent: nothing can be opened; every AARQ is refused. */
  readonly offer?: Offer;
  readonly provider: CryptoProvider;
  readonly random: Random;
  readonly limits?: ResponderLimits;
}

/** The server's end of one association, on one link address. */
export class Responder {
  constructor(_options: ResponderOptions) {}

  get state(): "idle" | "pending" | "associated" {
    return "idle";
  }

  get association(): Negotiated | undefined {
    return undefined;
  }

  /** When `expire` is next due, in ms on the caller's clock. */
  get deadline(): number | undefined {
    return undefined;
  }

  /** One APDU from the client. */
  receive(_pdu: Uint8Array, _now: number): void {
    throw new Fault("not-yet", "in the making", { layer: "association" });
  }

  /** The results of request `id`, as many as it had items. */
  respond(_id: number, _results: ResultsOf, _now: number): void {}

  /** The link is gone, or the server wants the association to end. */
  abort(_now: number): void {}

  expire(_now: number): void {}

  /** The next thing to do; undefined when there is none. */
  poll(): ResponderOutput | undefined {
    return undefined;
  }
}
