import type { ConformanceName, Priority } from "@dlmskit/apdu";
import type { ProtectionSeen } from "../protection/sealing.ts";
import { type AccessOptions, access } from "./access.ts";
import { action } from "./action.ts";
import { get } from "./get.ts";
import { notifications } from "./notifications.ts";
import type { Service } from "./service.ts";
import { set } from "./set.ts";

/** All services of logical-name referencing. Whatever must be known of a service is computed from these. */
export const services = { get, set, action, access } as const;

type Services = typeof services;
type ItemOf<S> = S extends { client(items: infer I, ...rest: never): unknown } ? I : never;
type ResultOf<S> = S extends { granted(result: infer R): boolean } ? R : never;

/** The name of a service. */
export type ServiceName = keyof Services;

/** What requests say besides their items. */
interface OptionsOf {
  readonly access: AccessOptions;
}

/** A service, blind to its forms: one item may travel as -normal, several as -with-list, any of them in blocks. */
export type ServiceRequest = {
  [N in ServiceName]: { readonly service: N; readonly items: ItemOf<Services[N]> } & (N extends keyof OptionsOf
    ? OptionsOf[N]
    : unknown);
}[ServiceName];

/** The results of a request, as many as it has items and in their order. */
export type ServiceResults = {
  [N in ServiceName]: { readonly service: N; readonly results: readonly ResultOf<Services[N]>[] };
}[ServiceName];

/** The results alone: an array that fits the request's service. */
export type ResultsOf = ServiceResults["results"];

/** A request for the server, whole: all its blocks are here, its protection is verified, its service was negotiated. */
export interface Incoming {
  /** What `respond` is called with; unique in one Responder. */
  readonly id: number;
  readonly request: ServiceRequest;
  /** False: nothing is answered (SET and ACTION of service class 0, unless the offer says otherwise); `respond` may be left out. */
  readonly confirmed: boolean;
  readonly priority: Priority;
  readonly protection: ProtectionSeen;
}

// The table is for programs that do not know which service they have: what it is given fits, because it came from the same entry.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyService = Service<ServiceName, ConformanceName, any, any, any, any>;

const all: readonly AnyService[] = Object.values(services);
const byTag = new Map(all.map((one) => [one.requestTag, one]));

/** The service with requests of that tag. */
export function serviceWithTag(tag: number | undefined): AnyService | undefined {
  return tag === undefined ? undefined : byTag.get(tag);
}

export function serviceNamed(name: ServiceName): AnyService {
  return services[name];
}

const notificationTags = new Set(notifications.map(({ tag }) => tag));

/** Whether an APDU of that tag comes unasked. */
export function isNotification(tag: number | undefined): boolean {
  return tag !== undefined && notificationTags.has(tag);
}

/** Bits of the association itself, whatever its services. */
const ofAssociation: readonly ConformanceName[] = [
  "general-protection",
  "general-block-transfer",
  "priority-mgmt-supported",
];

/**
 * The conformance bits of a server that has these services, all of them unless told otherwise, and answers every item of them.
 * `besides`: bits of items that not every server takes, for one that does: `"attribute0-supported-with-set"`.
 */
export function servedConformance(
  names: readonly ServiceName[] = Object.keys(services) as ServiceName[],
  besides: readonly ConformanceName[] = [],
): readonly ConformanceName[] {
  const bits = new Set(ofAssociation);
  for (const name of names) {
    const { conformance, besides: more } = serviceNamed(name);
    for (const bit of conformance) bits.add(bit);
    for (const bit of more) if (besides.includes(bit)) bits.add(bit);
  }
  return [...bits];
}

/** All bits that can be negotiated: nothing else ever is, whatever is proposed or offered. */
export const negotiable: ReadonlySet<ConformanceName> = new Set([
  ...ofAssociation,
  ...all.flatMap(({ conformance, besides }) => [...conformance, ...besides]),
  ...notifications.flatMap(({ conformance }) => conformance),
]);
