/** The Data-Access-Results and Action-Results other than success (IEC 62056-5-3), by name. */
export const results = {
  "data-block-number-invalid": "A block does not have the expected number; start the transfer again.",
  "data-block-unavailable": "The next block cannot be given; start the transfer again.",
  "hardware-fault": "The meter reports a hardware fault, or one of its hooks failed; look at the meter's log.",
  "long-action-aborted": "A long ACTION was ended before its last block; invoke again.",
  "long-get-aborted": "A long GET was ended before its last block; read again.",
  "long-set-aborted": "A long SET was ended before its last block; write again.",
  "no-long-action-in-progress": "A block of an ACTION was received without the first block; invoke again.",
  "no-long-get-in-progress": "A next block was requested without a GET; read again.",
  "no-long-set-in-progress": "A block of a SET was received without the first block; write again.",
  "object-class-inconsistent": "The object has another class; `discover()` lists the classes.",
  "object-unavailable": "The object is there but cannot be used now; try again later.",
  "object-undefined": "This client has no such object, attribute or method; `discover()` lists the existing ones.",
  "other-reason": "The meter gives no reason; its log may have one.",
  "read-write-denied": "This client has no access right to it; use another client.",
  "scope-of-access-violated":
    "This access needs more protection than the association has; use authentication or encryption.",
  "temporary-failure": "It cannot be done now; try again later.",
  "type-unmatched": "The value does not have the attribute's type; check the declaration of the class.",
} as const;

export const cosem = {
  ...results,
  "bad-access-level": "The access level is not an access mode of the Blue Book; correct the row or the rights.",
  "bad-base-name": "A given base name does not fit; give a free multiple of 8, or none.",
  "short-names-exhausted":
    "The objects need more short names than 16 bits allow; leave out objects, or use logical names.",
  "bad-profile": "The capture objects or rows of a profile do not fit together; correct the profile.",
  "no-default": "The attribute's type has no default value; declare a `default` in the class, or give a value.",
  "push-destination": "The Push setup has a destination that is not supported; write attribute 3 again.",
  "push-port": "The Push setup names a port that does not exist; write attribute 8 again.",
  "wrong-value":
    "A hook or the program gave an attribute a value of a wrong type; the message names the attribute and the type that it accepts.",
  "bad-unit": "There is no unit with that name or number; see the list of units.",
} as const;
