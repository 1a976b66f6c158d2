import Table from "cli-table3";
import { io } from "../io.ts";
import { colours } from "./colours.ts";
import { visible } from "./visible.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Wraps words into lines of at most `width` characters. A longer word gets a line of its own. */
function wrapped(text: string, width: number): string {
  let line = "";
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}

/** Rows for a terminal, without rules between them; a column can be aligned right. A long heading takes several lines. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    head: columns.map(({ title }, at) => {
      const widest = rows.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), 14);
      return wrapped(title, widest)
        .split("\n")
        .map((line) => colours().bold(line))
        .join("\n");
    }),
    colAligns: columns.map(({ align }) => align ?? "left"),
    chars: {
      ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "" },
      ...{
        "bottom-right": "",
        left: "",
        "left-mid": "",
        mid: "",
        "mid-mid": "",
        right: "",
        "right-mid": "",
        middle: "  ",
      },
    },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  drawn.push(...rows.map((row) => row.map(visible)));
  return `${drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}

/** Columns of the terminal, by `COLUMNS` where there is none; undefined where the output goes to a file or a program. */
export function terminalWidth(): number | undefined {
  const given = Number(process.env.COLUMNS);
  return io().stdout.columns ?? (Number.isInteger(given) && given > 0 ? given : undefined);
}

/** A table if it fits into `width`; otherwise each row as a block of lines: the first cell, then title and value of the others. */
export function laidOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  const drawn = table(columns, rows);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of headings have no width
  const widest = drawn.split("\n").reduce((most, line) => Math.max(most, line.replace(/\u001b\[\d+m/g, "").length), 0);
  if (width === undefined || widest <= width) return drawn;
  const margin = columns.reduce((most, { title }) => Math.max(most, title.length), 0);
  return rows
    .map(([first = "", ...others]) => {
      const lines = others.map((cell, at) => `  ${(columns[at + 1]?.title ?? "").padEnd(margin)}  ${visible(cell)}`);
      return `${colours().bold(visible(first))}\n${lines.map((line) => `${line.trimEnd()}\n`).join("")}`;
    })
    .join("\n");
}
