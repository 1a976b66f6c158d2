import type { ConformanceName } from "@dlmskit/apdu";
import {
  negotiable,
  type Offer,
  servedConformance as servedByServices,
  servicesOf,
  shortNameNegotiable,
  unaskedConformance,
} from "@dlmskit/association";

/** Conformance bits of the services and unsolicited notifications of this server; general-protection if there is ciphering. */
export const servedConformance: readonly ConformanceName[] = [
  ...servedByServices(),
  ...unaskedConformance("logical-name"),
];
/** The same bits for clients that use short names. */
export const servedShortNameConformance: readonly ConformanceName[] = [
  ...servedByServices(servicesOf("short-name")),
  ...unaskedConformance("short-name"),
];

/** The conformance bits that an association may specify. */
export function servedWith(referencing: Offer["context"]): readonly ConformanceName[] {
  return referencing === "logical-name" ? servedConformance : [...servedConformance, ...servedShortNameConformance];
}

/** The bits of short-name referencing that correspond to these bits of logical-name referencing. */
function correspondingBits(conformance: readonly ConformanceName[]): readonly ConformanceName[] {
  const bits: { readonly [name in ConformanceName]?: readonly ConformanceName[] } = {
    get: ["read"],
    set: ["write", "unconfirmed-write"],
    "selective-access": ["parameterized-access"],
    "event-notification": ["information-report"],
    action: ["read", "write", "unconfirmed-write", "parameterized-access"],
  };
  const all = new Set(conformance.flatMap((name) => bits[name] ?? (shortNameNegotiable.has(name) ? [name] : [])));
  return servedShortNameConformance.filter((name) => all.has(name));
}

/** The conformance that an association offers: the bits of each referencing that it supports. The client chooses the referencing. */
export function conformanceOf(
  referencing: Offer["context"],
  given: readonly ConformanceName[] = servedConformance,
): readonly ConformanceName[] {
  const stated = given.some((name) => shortNameNegotiable.has(name) && !negotiable.has(name));
  const ofLogicalNames = given.filter((name) => negotiable.has(name));
  if (referencing === "logical-name") return ofLogicalNames;
  const ofShortNames = stated ? given.filter((name) => shortNameNegotiable.has(name)) : correspondingBits(given);
  return referencing === "short-name" ? ofShortNames : [...new Set([...ofLogicalNames, ...ofShortNames])];
}
