/** The first octet of each kind of APDU. */
export const ApduTag = {
  "initiate-request": 0x01,
  "read-request": 0x05,
  "write-request": 0x06,
  "initiate-response": 0x08,
  "read-response": 0x0c,
  "write-response": 0x0d,
  "confirmed-service-error": 0x0e,
  "data-notification": 0x0f,
  "data-notification-confirm": 0x10,
  "unconfirmed-write-request": 0x16,
  "information-report-request": 0x18,
  aarq: 0x60,
  aare: 0x61,
  rlrq: 0x62,
  rlre: 0x63,
  "get-request": 0xc0,
  "set-request": 0xc1,
  "event-notification-request": 0xc2,
  "action-request": 0xc3,
  "get-response": 0xc4,
  "set-response": 0xc5,
  "action-response": 0xc7,
  "exception-response": 0xd8,
  "access-request": 0xd9,
  "access-response": 0xda,
  "general-glo-ciphering": 0xdb,
  "general-ded-ciphering": 0xdc,
  "general-ciphering": 0xdd,
  "general-signing": 0xdf,
  "general-block-transfer": 0xe0,
  "gateway-request": 0xe6,
  "gateway-response": 0xe7,
} as const;
export type ApduTagName = keyof typeof ApduTag;

/** Tags of APDUs ciphered with the global key. */
export const GloTag = {
  "glo-initiate-request": 0x21,
  "glo-read-request": 0x25,
  "glo-write-request": 0x26,
  "glo-initiate-response": 0x28,
  "glo-read-response": 0x2c,
  "glo-write-response": 0x2d,
  "glo-confirmed-service-error": 0x2e,
  "glo-unconfirmed-write-request": 0x36,
  "glo-information-report-request": 0x38,
  "glo-get-request": 0xc8,
  "glo-set-request": 0xc9,
  "glo-event-notification-request": 0xca,
  "glo-action-request": 0xcb,
  "glo-get-response": 0xcc,
  "glo-set-response": 0xcd,
  "glo-action-response": 0xcf,
} as const;

/** Tags of APDUs ciphered with the dedicated key. */
export const DedTag = {
  "ded-read-request": 0x45,
  "ded-write-request": 0x46,
  "ded-read-response": 0x4c,
  "ded-write-response": 0x4d,
  "ded-confirmed-service-error": 0x4e,
  "ded-unconfirmed-write-request": 0x56,
  "ded-information-report-request": 0x58,
  "ded-get-request": 0xd0,
  "ded-set-request": 0xd1,
  "ded-event-notification-request": 0xd2,
  "ded-action-request": 0xd3,
  "ded-get-response": 0xd4,
  "ded-set-response": 0xd5,
  "ded-action-response": 0xd7,
} as const;

/** The forms of service-specific ciphering: with the global key or with the dedicated key. */
export type CipheringForm = "glo" | "ded";

const ciphered = { glo: new Map<number, number>(), ded: new Map<number, number>() };
const plain = new Map<number, { tag: number; form: CipheringForm }>();
for (const [form, table] of [
  ["glo", GloTag],
  ["ded", DedTag],
] as const) {
  for (const [name, tag] of Object.entries(table)) {
    const plainTag = ApduTag[name.slice(4) as ApduTagName];
    ciphered[form].set(plainTag, tag);
    plain.set(tag, { tag: plainTag, form });
  }
}

/** The tag of the ciphered form for the tag of a plain APDU; undefined if there is none (ACCESS, DataNotification …). */
export function cipheredTag(plainTag: number, form: CipheringForm): number | undefined {
  return ciphered[form].get(plainTag);
}

/** The plain tag and the form for a service-specific ciphered tag; undefined for any other tag. */
export function plainTag(tag: number): { readonly tag: number; readonly form: CipheringForm } | undefined {
  return plain.get(tag);
}
