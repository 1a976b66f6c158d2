const acting = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Makes text of a meter or a file safe for a terminal: control characters (C0, C1), marks that change the direction of text and
 * line separators become `\u{1b}` and the like, so that a meter cannot control the terminal.
 */
export const visible = (text: string): string =>
  text.replace(acting, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
