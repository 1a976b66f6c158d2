/** A pattern of codes, whose letters stand for any group, and what they are called. */
export type NameEntry = readonly [pattern: string, name: string];
export type CompanionEntry = readonly [pattern: string, name: string, companion: Companion];
export type Companion = "IS 15959" | "IDIS" | "DSMR" | "Norwegian HAN";
