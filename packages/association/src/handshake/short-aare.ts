const userInformation = 0xbe;
const octetString = 0x04;
const longForm = 0x80;

/**
 * Corrects an AARE whose lengths (its own, that of the user-information and that of the InitiateResponse in it) are all one octet too
 * small. Undefined for any other AARE.
 */
export function withRightLengths(pdu: Uint8Array): Uint8Array | undefined {
  const octet = (at: number): number => pdu[at] ?? longForm;
  const end = pdu.length - 1;
  if (octet(1) >= longForm || octet(1) !== end - 2) return undefined;
  // Finds the last field: with the short lengths it ends one octet before the end of the APDU.
  let at = 2;
  while (at < end && octet(at + 1) < longForm && at + 2 + octet(at + 1) < end) at += 2 + octet(at + 1);
  const inner = at + 2;
  const ends = inner + octet(at + 1) === end && inner + 2 + octet(inner + 1) === end;
  if (octet(at) !== userInformation || octet(inner) !== octetString || !ends) return undefined;
  const right = pdu.slice();
  for (const length of [1, at + 1, inner + 1]) right[length] = octet(length) + 1;
  return right;
}
