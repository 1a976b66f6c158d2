const acting = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * JSON on one line. Characters that could act on a terminal (C1 controls, marks that change the direction of text) are
 * escaped as JSON allows.
 */
export const jsonText = (value: unknown): string => escaped(JSON.stringify(value));

/** The same over several lines, indented. */
export const jsonLines = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).split("\n").map(escaped).join("\n");

const escaped = (text: string): string =>
  text.replace(acting, (character) =>
    Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
      .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
      .join(""),
  );
