/** The earlier of two deadlines, each undefined where there is none. */
export const sooner = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || (other !== undefined && other < one) ? other : one;
