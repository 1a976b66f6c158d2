import type { ProtectionParameters } from "../classes/access/protection-parameters.ts";
import type { Context } from "../object.ts";
import { refuse } from "../refusal.ts";

/** What the counters of a lasting key, and keys and transactions that come only once, were heard of. */
export interface HeardOf {
  /** The last invocation counter of a sender; undefined: nothing came yet. */
  last(sender: Uint8Array): number | undefined;
  /** Remembers it. `once`: nothing more than this is to come of the sender, which is forgotten first. */
  accept(sender: Uint8Array, counter: number, once: boolean): void;
}

/** Protected data, and the parameters as its recipient needs them. */
export interface Protected {
  readonly parameters: ProtectionParameters[];
  readonly octets: Uint8Array;
}

/** What protects data under the keys of a meter. A server has one: `dataProtector` of @dlmskit/server. */
export interface DataProtector {
  /** Applies the layers in their order. Refuses (`refuse`) what it has no keys for. */
  apply(parameters: readonly ProtectionParameters[], octets: Uint8Array, context: Context): Protected;
  /** Removes the layers, the last one first. Refuses (`refuse`) what is not right, or came before. */
  remove(
    parameters: readonly ProtectionParameters[],
    octets: Uint8Array,
    heardOf: HeardOf,
    context: Context,
  ): Uint8Array;
  /** One object for each client of a meter: under it is kept what the last reading was protected with. */
  scope(context: Context): object;
}

/** What an object keeps of senders. */
export interface HeardSender {
  readonly sender: Uint8Array;
  readonly last: number;
}

// Of 17 octets each.
const mostOnce = 1024;
const mostLasting = 256;

const same = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((octet, at) => octet === other[at]);
const isOnce = ({ sender }: HeardSender): boolean => sender[0] === 1;
const marked = (sender: Uint8Array, once: boolean): Uint8Array => Uint8Array.of(once ? 1 : 0, ...sender);

/** What an object has heard of, in a value of its own: changed with the request, or not at all. */
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
