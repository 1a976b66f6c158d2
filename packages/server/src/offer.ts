import type { Offer, OfferedSecurity } from "@dlmskit/association";
import type { Association } from "./association-spec.ts";
import type { Meter } from "./meter.ts";

/** What a meter lets a client open, read anew at each use: keys, policy and secret may change while the server runs. */
export function offerOf(meter: Meter, association: Association): Offer {
  const { security, conformance, maxReceivePduSize, instance } = association;
  const state = meter.state(association);
  const offered = {
    suite: security.suite,
    get policy() {
      return state.securityPolicy;
    },
    get keys() {
      return state.keys;
    },
    get counters() {
      return state.counters;
    },
    get replay() {
      return state.replay;
    },
    get signing() {
      return state.signing;
    },
    systemTitle: meter.systemTitle,
  };
  const offer = {
    context: "logical-name" as const,
    ciphered: security.ciphered,
    mechanism: security.mechanism,
    get secret() {
      return state.secret;
    },
    conformance,
    maxReceivePduSize,
    associationInstance: instance,
    // GMAC and ECDSA need titles and keys in every context.
    ...(security.ciphered || security.mechanism >= 5 ? { security: offered as OfferedSecurity } : {}),
  };
  return offer as Offer;
}
