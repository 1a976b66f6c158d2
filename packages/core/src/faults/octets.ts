/** Codes that any layer may use for octets, for JSON and for the values that it is given. */
export const anyLayer = {
  "bad-count":
    "A list or structure does not have the number of elements of its declaration; compare the declaration with the octets at `offset`.",
  "bad-hex": "The text is not hexadecimal, or has an odd number of digits; `offset` is the octet at fault.",
  "bad-json":
    "The JSON does not have the form of this value; `path` says where, and the message says what was expected.",
  "bad-length":
    "A length or count does not fit the octets, or the value has a wrong length; look at `offset` and `path`.",
  "bad-value": "The value is not allowed here; the message says which values are.",
  "out-of-range": "A number is outside its range; the message gives the range.",
  "too-deep": "The value is nested deeper than the limit; raise `maxDepth` if such a value is real.",
  "trailing-octets":
    "There are octets after the end of the value; they were split wrongly, or the value has another type.",
  truncated: "The octets end too early; read the rest, or check where they were cut.",
  "type-unmatched": "The value does not have the declared type; correct the declaration or the value.",
  "unknown-tag":
    "The tag is not allowed here; `offset` and `path` say where. The octets may have another type, or a quirk may be needed.",
} as const;

export const core = {
  "bad-logical-name":
    "The text is not an OBIS code; write six numbers from 0 to 255 with dots between, as in 1.0.1.8.0.255.",
  "unknown-choice": "The name is not one of the choices; the hint lists them.",
} as const;

/** Reading of captured data. */
export const capture = {
  "counter-not-reserved": "The decoder tried to use an invocation counter; this is a bug in dlmskit, please report it.",
  "crc-mismatch": "The check value of a telegram is wrong: octets were lost or altered.",
} as const;

export const axdr = {
  "stream-failed": "The source of a streamed value failed; `cause` or the message says why.",
  "stream-not-ready": "A streamed value is needed completely, but a part of it is not available yet.",
  "bad-utf8": "A utf8-string holds octets that are not UTF-8; read the attribute as an octet-string.",
  "too-many-values": "A compact-array describes more values than its octets can hold; do not trust the sender.",
  "unknown-type": "There is no Data type with that name or tag; correct the name.",
} as const;

export const acse = {
  "duplicate-field": "A field of an ACSE APDU appears twice; the sender is at fault.",
  "field-order": "The fields of an ACSE APDU are in the wrong order; the sender is at fault.",
  "missing-field": "An ACSE APDU lacks a mandatory field; add it, or look at the quirks of the layer.",
} as const;

export const xdlms = {
  "bad-xml": "The XML does not have the form of an APDU; the message and the path say where.",
  "block-out-of-order": "A block of a long answer does not follow the previous one; a part of the capture is missing.",
  "list-length-mismatch":
    "The lists of references and values have different lengths; give one value for each reference.",
  "too-short-for-tag": "A ciphered APDU is too short for its authentication tag; it was cut, or is not authenticated.",
  "unknown-apdu": "There is no APDU with that name; correct the name.",
} as const;
