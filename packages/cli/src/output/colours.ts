import pc from "picocolors";

// Use colours on a terminal only: programs and build servers must not get escape sequences.
const wanted = (stream: { readonly isTTY?: boolean }): boolean =>
  stream.isTTY === true && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";

/** For standard output. */
export const colours = pc.createColors(wanted(process.stdout));

/** For standard error. */
export const errorColours = pc.createColors(wanted(process.stderr));
