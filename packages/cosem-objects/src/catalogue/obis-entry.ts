/** A pattern of codes, in which a letter matches any number in its group, and the name of these codes. */
export type NameEntry = readonly [pattern: string, name: string];
export type CompanionEntry = readonly [pattern: string, name: string, companion: Companion];
export type Companion = "IS 15959" | "IDIS" | "DSMR" | "Norwegian HAN";
