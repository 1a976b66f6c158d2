/** The authentication mechanisms by the names of the command line. */
export const mechanisms = {
  none: 0,
  lls: 1,
  hls: 2,
  "hls-md5": 3,
  "hls-sha1": 4,
  "hls-gmac": 5,
  "hls-sha256": 6,
  "hls-ecdsa": 7,
} as const;
export type AuthName = keyof typeof mechanisms;
