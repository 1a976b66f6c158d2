/** How the rows of a buffer are sorted. */
export const SortMethod = {
  fifo: 1,
  lifo: 2,
  largest: 3,
  smallest: 4,
  nearestToZero: 5,
  furthestFromZero: 6,
} as const;
