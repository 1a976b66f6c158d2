/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly ours: () => unknown;
  /**
   * A minimal loop, written by hand, that reads or writes the same fields without any check. It shows what the machine can do. For
   * ciphering it is bare node:crypto.
   */
  readonly floor?: () => unknown;
  /** The best measured rate of the other implementations, operations per second, and the name of that implementation. */
  readonly peer?: { readonly rate: number; readonly name: string };
  /** The required number of operations per second, if there is no peer. */
  readonly target?: number;
  /** The required speed relative to the peer. */
  readonly goal?: number;
}
