import type { ConformanceName } from "@dlmskit/apdu";
import {
  negotiable,
  type Offer,
  servedConformance as servedByServices,
  servicesOf,
  shortNameNegotiable,
  unaskedConformance,
} from "@dlmskit/association";

/** The conformance bits of the services that this server has, and of what it says unasked; general-protection where there is ciphering. */
export const servedConformance: readonly ConformanceName[] = [
  ...servedByServices(),
  ...unaskedConformance("logical-name"),
];
/** The same for clients that use short names. */
export const servedShortNameConformance: readonly ConformanceName[] = [
  ...servedByServices(servicesOf("short-name")),
  ...unaskedConformance("short-name"),
];

/** The bits that an association may state. */
export function servedWith(referencing: Offer["context"]): readonly ConformanceName[] {
  return referencing === "logical-name" ? servedConformance : [...servedConformance, ...servedShortNameConformance];
}

/** The bits of short names that let a client do what these let it do with logical names. */
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

/** What an association offers: the bits of each referencing that it has; of which one is negotiated says the client. */
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
