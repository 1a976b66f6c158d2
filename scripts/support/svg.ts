/** One line of a chart: its values at equal distances. */
interface Line {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Chart {
  readonly title: string;
  /** What the vertical axis shows, with its unit. */
  readonly unit: string;
  readonly lines: readonly Line[];
  /** Texts along the horizontal axis, at equal distances: each stands at the beginning of its part. */
  readonly marks: readonly string[];
}

const [width, height, left, top, right, bottom] = [840, 260, 56, 40, 12, 34];
/** Colours that differ in lightness too. */
const colours = ["#1b4f8a", "#d9822b", "#5a9e4b", "#8b3a8f"];

/** The next round number: 1, 2 or 5 times a power of ten. */
function round(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((one) => one * power >= value) as number) * power;
}

const text = (x: number, y: number, body: string, more = ""): string =>
  `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" ${more}>${body}</text>`;

/** A chart as SVG. The vertical axis begins at 0. */
export function svgOf({ title, unit, lines, marks }: Chart): string {
  const most = Math.max(...lines.flatMap(({ values }) => values));
  const step = round(most / 4);
  const scale = step * Math.ceil(most / step);
  const plotWidth = width - left - right;
  const plotHeight = height - top - bottom;
  const y = (value: number): number => top + plotHeight * (1 - value / scale);
  const x = (part: number): number => left + plotWidth * part;
  const parts: string[] = [];
  for (let value = 0; value <= scale + step / 2; value += step) {
    const at = y(value).toFixed(1);
    parts.push(`<line x1="${left}" x2="${width - right}" y1="${at}" y2="${at}" stroke="#ddd"/>`);
    parts.push(text(left - 6, y(value) + 4, String(Number(value.toPrecision(3))), 'text-anchor="end"'));
  }
  marks.forEach((mark, at) => {
    const place = x(at / marks.length);
    parts.push(
      `<line x1="${place.toFixed(1)}" x2="${place.toFixed(1)}" y1="${top}" y2="${height - bottom}" stroke="#eee"/>`,
    );
    parts.push(text(place + 3, height - bottom + 16, mark));
  });
  lines.forEach(({ name, values }, at) => {
    const colour = colours[at % colours.length] as string;
    const points = values.map((value, n) => `${x((n + 0.5) / values.length).toFixed(1)},${y(value).toFixed(1)}`);
    parts.push(`<polyline fill="none" stroke="${colour}" stroke-width="1.4" points="${points.join(" ")}"/>`);
    parts.push(text(width - right - 120 * (lines.length - at), 18, name, `fill="${colour}" font-weight="bold"`));
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(8, 18, `${title}, ${unit}`, 'font-weight="bold"'),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}
