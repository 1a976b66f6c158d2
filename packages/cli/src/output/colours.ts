import pc from "picocolors";

// Colours only on a terminal: a program that reads what is printed must find no escape sequences, on a build server neither.
const wanted = (stream: { readonly isTTY?: boolean }): boolean =>
  stream.isTTY === true && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";

/** For what goes to standard output. */
export const colours = pc.createColors(wanted(process.stdout));

/** For what goes to standard error. */
export const errorColours = pc.createColors(wanted(process.stderr));
