import { ApduTag, gatewayKey, gatewayPrefix, hasGatewayPrefix, withoutGatewayPrefix } from "@dlmskit/apdu";
import { concat, Fault, type GatewayAddress } from "@dlmskit/core";

/** APDUs that a gateway may send for itself, without a prefix. */
const ownAnswers: readonly number[] = [ApduTag["exception-response"], ApduTag["confirmed-service-error"]];

export const isOwnAnswer = (pdu: Uint8Array): boolean => ownAnswers.includes(pdu[0] ?? 0);

/** Puts the prefix of a gateway before APDUs to one meter, and takes it off what comes from it. */
export class GatewayPrefix {
  readonly #prefix: Uint8Array;
  readonly #key: string;

  /** Faults `out-of-range`, `bad-length`. */
  constructor(gateway: GatewayAddress) {
    this.#prefix = gatewayPrefix("request", gateway);
    this.#key = gatewayKey(gateway);
  }

  /** Length of the prefix, octets. */
  get octets(): number {
    return this.#prefix.length;
  }

  to(apdu: Uint8Array): Uint8Array {
    return concat(this.#prefix, apdu);
  }

  /** The APDU of the meter; undefined: it has no prefix, or that of another meter. */
  from(pdu: Uint8Array): Uint8Array | undefined {
    if (!hasGatewayPrefix(pdu)) return isOwnAnswer(pdu) ? pdu : undefined;
    try {
      const through = withoutGatewayPrefix(pdu);
      return through !== undefined && gatewayKey(through) === this.#key ? through.apdu : undefined;
    } catch (caught) {
      if (caught instanceof Fault) return undefined;
      throw caught;
    }
  }
}
