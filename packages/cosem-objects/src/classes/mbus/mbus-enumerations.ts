/** The speeds of M-Bus, in baud, and their numbers. */
export const MbusSpeed = { 300: 0, 600: 1, 1200: 2, 2400: 3, 4800: 4, 9600: 5, 19200: 6, 38400: 7 } as const;

/** Whether an address has been assigned to a device. */
export const AddressState = { notAssignedYet: 0, assigned: 1 } as const;
