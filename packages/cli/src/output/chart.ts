import { colours } from "./colours.ts";

export interface Bar {
  readonly value: number;
  /** Text below the axis; optional for each bar. */
  readonly label?: string;
}

export interface ChartOptions {
  readonly unit: string;
  /** Height of the plot in lines; default 8. */
  readonly height?: number;
  /** Width of the terminal in columns; default 80. */
  readonly width?: number;
}

const eighths = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** A round number that is not below `value`: 1, 2, 2.5 or 5 times a power of ten. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) as number) * power;
}

/** Groups neighbouring bars until they fit: a group has the mean of its values and its first label. */
function fitted(bars: readonly Bar[], most: number): Bar[] {
  const group = Math.ceil(bars.length / most);
  if (group <= 1) return [...bars];
  return Array.from({ length: Math.ceil(bars.length / group) }, (_, at) => {
    const part = bars.slice(at * group, (at + 1) * group);
    const label = part.find((bar) => bar.label !== undefined)?.label;
    const value = part.reduce((sum, bar) => sum + bar.value, 0) / part.length;
    return { value, ...(label === undefined ? {} : { label }) };
  });
}

/** Bars from zero up, in eighths of a line, with a scale at the left and labels below. Values below zero count as zero. */
export function barChart(given: readonly Bar[], options: ChartOptions): string {
  const { unit, height = 8, width = 80 } = options;
  const top = roundUp(given.reduce((most, bar) => Math.max(most, bar.value), 0));
  const scale = (line: number): string => {
    const marked = line === height || line === Math.ceil(height / 2) || line === 0;
    return marked ? `${Number(((top * line) / height).toPrecision(3))}` : "";
  };
  const margin = Math.max(...Array.from({ length: height + 1 }, (_, line) => scale(line).length));
  const bars = fitted(given, Math.max(8, width - margin - 3));
  const lines = [`${" ".repeat(margin + 1)}${unit}`];
  for (let line = height; line >= 1; line--) {
    const cells = bars.map(({ value }) => {
      const filled = (Math.max(0, value) / top) * height - (line - 1);
      return eighths[Math.round(Math.min(1, Math.max(0, filled)) * 8)] as string;
    });
    lines.push(`${scale(line).padStart(margin)} ┤${colours().cyan(cells.join(""))}`);
  }
  lines.push(`${scale(0).padStart(margin)} └${"─".repeat(bars.length)}`);
  let labels = "";
  bars.forEach(({ label }, at) => {
    // Leave out a label that would touch the one before.
    if (label !== undefined && (labels.length === 0 ? at >= 0 : at > labels.length)) labels = labels.padEnd(at) + label;
  });
  lines.push(`${" ".repeat(margin + 2)}${labels}`);
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
