/** Where a client leaves a record. */
export interface Departure {
  /**
   * `octets`: its APDUs differ from here on; what they mean may still be in the record. `order`: it asks for something that the record has at
   * another place. `meaning`: the record has no answer.
   */
  readonly by: "octets" | "order" | "meaning";
  readonly client: number;
  /** The session of the record that is compared. */
  readonly session: number;
  /** The number of the APDU that the client sent in it, or of the call that it made, from 1. */
  readonly at: number;
  /** What it asked for, and what the record has here. */
  readonly got: string;
  readonly expected: string;
}
