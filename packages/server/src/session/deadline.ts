/** The earlier of two deadlines; undefined means no deadline. */
export const sooner = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || (other !== undefined && other < one) ? other : one;
