/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly ours: () => unknown;
  /** A hand-written minimal loop that reads or writes the same fields, with no check: what the machine could do; for ciphering bare node:crypto. */
  readonly floor?: () => unknown;
  /** The best rate of the other implementations measured, operations a second, and whose it is. */
  readonly peer?: { readonly rate: number; readonly name: string };
  /** Operations a second that it is to reach, where there is no peer. */
  readonly target?: number;
  /** How much faster than the peer it is to be. */
  readonly goal?: number;
}
