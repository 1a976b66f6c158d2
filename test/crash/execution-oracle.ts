/** What a client knows of its request. `unanswered`: the line was lost first, so it was executed or it was not. */
export type Outcome = "unanswered" | "acknowledged" | "refused";

/**
 * Knows of each request whether it may, must or must not have been executed. Every request carries a number of its own, and
 * its execution leaves that number in the store: a captured row, an event, a value.
 */
export class ExecutionOracle {
  readonly #outcomes: Outcome[] = [];

  /** The number of a request that is about to be sent. A recorded request that is sent again keeps its number. */
  next(): number {
    return this.#outcomes.push("unanswered") - 1;
  }

  /** The request was answered: it was executed, and is kept. */
  acknowledged(number: number): void {
    this.#settle(number, "acknowledged");
  }

  /**
   * The first answer to the request said that it was not executed. What is answered to a repetition says nothing of
   * the first, and is not told here.
   */
  refused(number: number): void {
    this.#settle(number, "refused");
  }

  /** How many requests ended how. */
  get counts(): { readonly [outcome in Outcome]: number } {
    const counts = { unanswered: 0, acknowledged: 0, refused: 0 };
    for (const outcome of this.#outcomes) counts[outcome]++;
    return counts;
  }

  /**
   * Compares with the numbers that the store has, each as often as it was executed. Throws where a request was executed
   * twice, acknowledged and not executed, refused and executed, or never sent.
   */
  check(executed: Iterable<number>): void {
    const times = new Map<number, number>();
    for (const number of executed) times.set(number, (times.get(number) ?? 0) + 1);
    const wrong: string[] = [];
    for (const [number, count] of times) {
      const outcome = this.#outcomes[number];
      if (outcome === undefined) wrong.push(`${number} was executed and never sent`);
      else if (outcome === "refused") wrong.push(`${number} was refused and executed`);
      if (count > 1) wrong.push(`${number} was executed ${count} times`);
    }
    for (const [number, outcome] of this.#outcomes.entries()) {
      if (outcome === "acknowledged" && !times.has(number)) wrong.push(`${number} was acknowledged and is lost`);
    }
    if (wrong.length > 0) throw new Error(`${wrong.length} wrong: ${wrong.slice(0, 10).join("; ")}`);
  }

  #settle(number: number, outcome: Outcome): void {
    const before = this.#outcomes[number];
    if (before === undefined) throw new Error(`${number} was never sent`);
    if (before !== "unanswered") throw new Error(`${number} was ${before} already`);
    this.#outcomes[number] = outcome;
  }
}
