/** One measured figure. `goal`: the maximum value. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

const text = (value: number): string =>
  value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });

/** Prints figures and their goals. */
export function figures(title: string, all: readonly Figure[]): void {
  process.stdout.write(`${title}\n`);
  for (const { name, value, unit, goal } of all) {
    const met = goal === undefined ? "" : `goal ${text(goal)}${value <= goal ? "" : " !"}`;
    process.stdout.write(
      `  ${name.padEnd(66)}${`${text(value)} ${unit}`.padStart(18)}  ${met}\n`.replace(/ +\n/, "\n"),
    );
  }
}

/** The time since `from` as a figure. */
export const ms = (name: string, from: number, goal?: number): Figure => {
  const value = performance.now() - from;
  return { name, value, unit: "ms", ...(goal === undefined ? {} : { goal }) };
};
