// How long work may keep the event loop, ms, and after how many steps it gives it back in any case.
const turnMs = 5;
const mostSteps = 64;

/** Lets the event loop serve connections and timers during long work of many steps that wait for promises alone. */
export class LoopTurns {
  #began = performance.now();
  #steps = 0;
  #waiting: Promise<void> | undefined;

  /** Called before each step. Resolves at once, or in the next turn of the event loop when the work has had its time in this one. */
  async step(): Promise<void> {
    this.#steps++;
    if (this.#waiting === undefined && this.#steps <= mostSteps && performance.now() - this.#began < turnMs) return;
    this.#waiting ??= nextTurn().then(() => {
      this.#began = performance.now();
      this.#steps = 0;
      this.#waiting = undefined;
    });
    await this.#waiting;
  }
}

/** In Node the next turn begins at once; a timer of a browser waits some ms. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}
