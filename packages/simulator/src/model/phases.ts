import type { Cursor } from "./cursor.ts";
import { draw, signed } from "./random.ts";

// Three phases: each Wh of a register is assigned to one of L1, L2 and L3. The Wh of a phase in a node are divided between the halves of
// the node in the same way as the Wh of the node, within the limits of the Wh of the halves. Therefore the phases sum to the register, and
// no phase ever decreases.

/** The Wh of L1 and L2. The rest belongs to L3. */
export interface TwoPhases {
  readonly one: number;
  readonly two: number;
}

/** How many of the `part` Wh of a node are among the `left` Wh of its left half. `whole` is the number of Wh of the node. */
function dealt(part: number, whole: number, left: number, random: number): number {
  if (whole === 0) return 0;
  const share = left / whole;
  const ideal = Math.floor(part * share * (1 + random * (1 - share)));
  return Math.min(part, left, Math.max(0, part - (whole - left), ideal));
}

/** The phases after a number of Wh that are divided evenly: each Wh counts in exactly one phase. */
export function evenly({ one, two }: TwoPhases, whole: number, counted: number): TwoPhases {
  if (whole === 0) return { one: 0, two: 0 };
  const first = Math.floor((one * counted) / whole);
  const rest = whole - one;
  return { one: first, two: rest === 0 ? 0 : Math.floor((two * (counted - first)) / rest) };
}

/**
 * Follows the path of a cursor down to its cell. `of`: the phases of the quantity that the cursor divides; `unitsBefore`: units that were
 * counted before the first cell of the cursor. Returns the phases of the cell and of the cells before it.
 */
export function phasesOnTheWay(
  cursor: Cursor,
  of: TwoPhases,
  unitsBefore: number,
  perWh: number,
  seed: number,
): { cell: TwoPhases; before: TwoPhases } {
  let { one, two } = of;
  const before = { one: 0, two: 0 };
  const wholes = (level: number): [from: number, to: number] => {
    const from = unitsBefore + cursor.unitsBefore(level);
    return [Math.floor(from / perWh), Math.floor((from + cursor.units(level)) / perWh)];
  };
  for (let level = 0; level < cursor.depth; level++) {
    const [from, to] = wholes(level);
    const [childFrom, childTo] = wholes(level + 1);
    const goesLeft = cursor.low(level) === cursor.low(level + 1);
    const whole = to - from;
    const left = goesLeft ? childTo - childFrom : childFrom - from;
    const node = level * 0x10000 + cursor.low(level) * 0x100 + cursor.high(level);
    const random = draw(seed, node);
    const oneLeft = dealt(one, whole, left, 0.3 * signed(random));
    const twoLeft = dealt(two, whole - one, left - oneLeft, 0.3 * signed(Math.imul(random, 0x2545f491)));
    if (goesLeft) {
      one = oneLeft;
      two = twoLeft;
    } else {
      before.one += oneLeft;
      before.two += twoLeft;
      one -= oneLeft;
      two -= twoLeft;
    }
  }
  return { cell: { one, two }, before };
}
