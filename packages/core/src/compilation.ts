let allowed = true;

/**
 * Sets whether codecs may compile themselves (`new Function`) after they were used often enough. They may by default. After
 * `setCompilation(false)` nothing calls `new Function`, and programs that were compiled before are not used any more: codecs read
 * and write field by field, with the same values and Faults, about five times slower. Under a Content-Security-Policy without
 * `unsafe-eval`, call it before anything else: otherwise the browser reports a violation. Without this call, the first refusal by
 * the platform has the same effect.
 */
export function setCompilation(on: boolean): void {
  allowed = on;
}

/** Whether programs may be compiled and used. */
export const mayCompile = (): boolean => allowed;

/** Evaluates the expression `source` with these names bound to these values. Undefined where the platform allows no code generation. */
export function compileExpression(source: string, names: readonly string[], values: readonly unknown[]): unknown {
  if (!allowed) return undefined;
  try {
    return new Function(...names, `"use strict"; return ${source};`)(...values);
  } catch (refused) {
    // A platform that does not compile text to code (HostEnsureCanCompileStrings) throws this error. It will refuse the next time too.
    if (refused instanceof EvalError) allowed = false;
    return undefined;
  }
}
