import type { ProtectionParameters } from "../classes/access/protection-parameters.ts";
import type { Context } from "../object.ts";
import { refuse } from "../refusal.ts";

/** The invocation counters received under permanent keys, and the keys and transactions that may be used only once. */
export interface HeardOf {
  /** The last invocation counter of a sender; undefined: nothing was received yet. */
  last(sender: Uint8Array): number | undefined;
  /** Stores a counter. `once`: no further message of the sender is expected, so it is the first to be forgotten. */
  accept(sender: Uint8Array, counter: number, once: boolean): void;
}

/** Protected data, and the parameters that its recipient needs. */
export interface Protected {
  readonly parameters: ProtectionParameters[];
  readonly octets: Uint8Array;
}

/** Protects data under the keys of a meter. A server has one: `dataProtector` of @dlmskit/server. */
export interface DataProtector {
  /** Applies the layers in their order. Refuses (`refuse`) if a key is missing. */
  apply(parameters: readonly ProtectionParameters[], octets: Uint8Array, context: Context): Protected;
  /** Removes the layers, the last one first. Refuses (`refuse`) data that is invalid or was received before. */
  remove(
    parameters: readonly ProtectionParameters[],
    octets: Uint8Array,
    heardOf: HeardOf,
    context: Context,
  ): Uint8Array;
  /** An object for each client of a meter; the protection of the last reading is stored under it. */
  scope(context: Context): object;
}

/** The stored data about a sender. */
export interface HeardSender {
  readonly sender: Uint8Array;
  readonly last: number;
}

// Each has 17 octets.
const mostOnce = 1024;
const mostLasting = 256;

const same = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((octet, at) => octet === other[at]);
const isOnce = ({ sender }: HeardSender): boolean => sender[0] === 1;
const marked = (sender: Uint8Array, once: boolean): Uint8Array => Uint8Array.of(once ? 1 : 0, ...sender);

/** The received counters of an object, stored in a value of the object: they change with the request, or not at all. */
export function heardOf(values: { state?: HeardSender[] }): HeardOf {
  return {
    last: (sender) => values.state?.find((one) => same(one.sender.subarray(1), sender))?.last,
    accept(sender, last, once) {
      const others = (values.state ?? []).filter((one) => !same(one.sender.subarray(1), sender));
      const group = others.filter((one) => isOnce(one) === once);
      if (!once && group.length >= mostLasting) throw refuse("other-reason", "too many senders");
      const oldest = once && group.length >= mostOnce ? group[0] : undefined;
      values.state = [...others.filter((one) => one !== oldest), { sender: marked(sender, once), last }];
    },
  };
}
