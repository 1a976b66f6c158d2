let allowed = true;

/**
 * Whether codecs may make programs of themselves (`new Function`) once they have been used enough; they do
 * by default. After `setCompilation(false)` nothing calls `new Function`, and programs that were made before are not used any
 * more: codecs read and write field by field, with the same values and Faults, some five times slower. Call it before
 * anything else under a Content-Security-Policy without `unsafe-eval`, which would report a violation. Without the call, the
 * first refusal by the platform has the same effect.
 */
export function setCompilation(on: boolean): void {
  allowed = on;
}

/** Whether programs may be made and used. */
export const mayCompile = (): boolean => allowed;

/** What `source`, an expression, is with these names bound to these values; undefined where no code may be made. */
export function compileExpression(source: string, names: readonly string[], values: readonly unknown[]): unknown {
  if (!allowed) return undefined;
  try {
    return new Function(...names, `"use strict"; return ${source};`)(...values);
  } catch (refused) {
    // What a platform throws that makes no code of text (HostEnsureCanCompileStrings): it will not the next time either.
    if (refused instanceof EvalError) allowed = false;
    return undefined;
  }
}
