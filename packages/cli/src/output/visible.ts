const acting = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Text of a meter or a file, for a terminal: control characters (C0, C1), marks that change the direction of text and separators
 * of lines become `\u{1b}` and the like, so that nothing that a meter sends acts on the terminal.
 */
export const visible = (text: string): string =>
  text.replace(acting, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
