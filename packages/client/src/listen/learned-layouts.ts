import type { Data } from "@dlmskit/apdu";
import { type PushLayout, type PushLayoutElement, pushFits, pushSetupOf } from "@dlmskit/cosem-objects";

/** Maximum number of senders whose layouts are kept. */
const mostSenders = 100_000;
/** Maximum number of layouts of one sender: a meter has few Push setups. */
const mostLayouts = 16;

const sameElement = (one: PushLayoutElement, other: PushLayoutElement | undefined): boolean =>
  one.classId === other?.classId &&
  one.instanceId === other.instanceId &&
  one.attributeId === other.attributeId &&
  (one.dataIndex ?? 0) === (other.dataIndex ?? 0);

const same = (one: PushLayout, other: PushLayout): boolean =>
  one.length === other.length && one.every((element, at) => sameElement(element, other[at]));

/** The only layout that a push can have; undefined if none of them fits, or several. */
export function layoutThatFits(layouts: Iterable<PushLayout>, body: Data): PushLayout | undefined {
  const fitting = [...layouts].filter((layout) => pushFits(body, layout));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/**
 * The layouts that senders have pushed themselves: one for each Push setup. A later push without its list is understood by them, if exactly
 * one of them fits.
 */
export class LearnedLayouts {
  readonly #bySender = new Map<string, PushLayout[]>();

  /** Keeps a layout, and drops the older one of the same Push setup. */
  learn(sender: string, layout: PushLayout): void {
    const known = this.#bySender.get(sender) ?? [];
    if (known.some((one) => same(one, layout))) return;
    const setup = pushSetupOf(layout);
    const others = known.filter((one) => setup === undefined || pushSetupOf(one) !== setup);
    this.#bySender.delete(sender);
    this.#bySender.set(sender, [...others, layout].slice(-mostLayouts));
    const [oldest] = this.#bySender.keys();
    if (this.#bySender.size > mostSenders && oldest !== undefined) this.#bySender.delete(oldest);
  }

  find(sender: string, body: Data): PushLayout | undefined {
    return layoutThatFits(this.#bySender.get(sender) ?? [], body);
  }
}
