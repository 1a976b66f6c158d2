import type { ConformanceName, Priority } from "@dlmskit/apdu";
import type { ProtectionSeen } from "../protection/sealing.ts";
import { type AccessOptions, access } from "./access.ts";
import { action } from "./action.ts";
import { get } from "./get.ts";
import { notifications } from "./notifications.ts";
import { read } from "./read.ts";
import type { Referencing, Service } from "./service.ts";
import { set } from "./set.ts";
import { write } from "./write.ts";

/** All services of both referencings. All properties of services are computed from this table. */
export const services = { get, set, action, access, read, write } as const;

type Services = typeof services;
type ItemOf<S> = S extends { client(items: infer I, ...rest: never): unknown } ? I : never;
type ResultOf<S> = S extends { granted(result: infer R): boolean } ? R : never;

/** The name of a service. */
export type ServiceName = keyof Services;

/** The options of requests in addition to their items. */
interface OptionsOf {
  readonly access: AccessOptions;
}

/** A service request, independent of its form: one item may be sent as -normal, several as -with-list, and each of them in blocks. */
export type ServiceRequest = {
  [N in ServiceName]: { readonly service: N; readonly items: ItemOf<Services[N]> } & (N extends keyof OptionsOf
    ? OptionsOf[N]
    : unknown);
}[ServiceName];

/** The results of a request: one for each item, in the order of the items. */
export type ServiceResults = {
  [N in ServiceName]: { readonly service: N; readonly results: readonly ResultOf<Services[N]>[] };
}[ServiceName];

/** The results alone: an array for the service of the request. */
export type ResultsOf = ServiceResults["results"];

/** A complete request for the server: all its blocks were received, its protection was verified and its service was negotiated. */
export interface Incoming {
  /** The id for `respond`; unique in one Responder. */
  readonly id: number;
  readonly request: ServiceRequest;
  /**
   * False: no answer is sent (SET and ACTION of service class 0, unless the offer requires answers); the call of `respond` may be
   * omitted.
   */
  readonly confirmed: boolean;
  readonly priority: Priority;
  readonly protection: ProtectionSeen;
}

// For programs that do not know the type of the service: the values fit because they come from the same entry.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyService = Service<ServiceName, ConformanceName, any, any, any, any>;

const all: readonly AnyService[] = Object.values(services);
const tagsOf = ({ requestTag, unconfirmedTag }: AnyService): readonly number[] =>
  unconfirmedTag === undefined ? [requestTag] : [requestTag, unconfirmedTag];
const byTag = new Map(all.flatMap((one) => tagsOf(one).map((tag) => [tag, one])));

/** The service whose requests have this tag. */
export function serviceWithTag(tag: number | undefined): AnyService | undefined {
  return tag === undefined ? undefined : byTag.get(tag);
}

export function serviceNamed(name: ServiceName): AnyService {
  return services[name];
}

const notificationTags = new Set(notifications.map(({ tag }) => tag));

/** Whether an APDU with this tag is unsolicited. */
export function isNotification(tag: number | undefined): boolean {
  return tag !== undefined && notificationTags.has(tag);
}

/** The referencing that a service belongs to. */
export function referencingOf({ referencing = "logical-name" }: Pick<AnyService, "referencing">): Referencing {
  return referencing;
}

/** The services of a referencing. */
export function servicesOf(referencing: Referencing): readonly ServiceName[] {
  return all.filter((one) => referencingOf(one) === referencing).map(({ name }) => name);
}

/** Bits of the association itself, for all services. Short-name requests have no priority. */
const ofAssociation: { readonly [R in Referencing]: readonly ConformanceName[] } = {
  "logical-name": ["general-protection", "general-block-transfer", "priority-mgmt-supported"],
  "short-name": ["general-protection"],
};

/**
 * The conformance bits of a server that has these services (all services of logical-name referencing by default) and answers all
 * items. `besides`: bits of items that not every server supports, for example `"attribute0-supported-with-set"`.
 */
export function servedConformance(
  names: readonly ServiceName[] = servicesOf("logical-name"),
  besides: readonly ConformanceName[] = [],
): readonly ConformanceName[] {
  const bits = new Set<ConformanceName>();
  for (const name of names) {
    const found = serviceNamed(name);
    const { conformance, besides: more } = found;
    for (const bit of ofAssociation[referencingOf(found)]) bits.add(bit);
    for (const bit of conformance) bits.add(bit);
    for (const bit of more) if (besides.includes(bit)) bits.add(bit);
  }
  return [...bits];
}

/** The conformance bits of a server's unsolicited services. */
export function unaskedConformance(referencing: Referencing): readonly ConformanceName[] {
  const unasked = notifications.filter((one) => one.referencing === undefined || one.referencing === referencing);
  return unasked.flatMap(({ conformance }) => conformance);
}

function bitsOf(referencing: Referencing): ReadonlySet<ConformanceName> {
  const ofServices = all.filter((one) => referencingOf(one) === referencing);
  return new Set([
    ...ofAssociation[referencing],
    ...ofServices.flatMap(({ conformance, besides }) => [...conformance, ...besides]),
    ...unaskedConformance(referencing),
  ]);
}

/** All bits that can be negotiated with logical names. No other bit is ever negotiated, even if it is proposed or offered. */
export const negotiable = bitsOf("logical-name");
/** All bits that can be negotiated with short names. */
export const shortNameNegotiable = bitsOf("short-name");

/** All bits that can be negotiated in a referencing. */
export function negotiableWith(referencing: Referencing): ReadonlySet<ConformanceName> {
  return referencing === "short-name" ? shortNameNegotiable : negotiable;
}
