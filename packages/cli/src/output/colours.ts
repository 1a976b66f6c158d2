import pc from "picocolors";
import { io, type Output } from "../io.ts";

type Colours = ReturnType<typeof pc.createColors>;

// Use colours on a terminal only: programs and build servers must not get escape sequences.
const wanted = (output: Output): boolean =>
  output.isTTY === true && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";

const made = new WeakMap<Output, Colours>();

function coloursOf(output: Output): Colours {
  const known = made.get(output);
  if (known !== undefined) return known;
  const colours = pc.createColors(wanted(output));
  made.set(output, colours);
  return colours;
}

/** For standard output. */
export const colours = (): Colours => coloursOf(io().stdout);

/** For standard error. */
export const errorColours = (): Colours => coloursOf(io().stderr);
