/** The speeds of serial ports, in baud, and their numbers. */
export const CommSpeed = {
  300: 0,
  600: 1,
  1200: 2,
  2400: 3,
  4800: 4,
  9600: 5,
  19200: 6,
  38400: 7,
  57600: 8,
  115200: 9,
} as const;
