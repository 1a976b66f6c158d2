import type { Store } from "@dlmskit/storage";
import type { Span } from "../fleet/addresses.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { type Identity, type IdentitySource, identityOf, type KeptIdentity } from "../fleet/identity.ts";

/** Number of meters that are read from the store at one time. */
const batch = 1000;

/** The meters of a span that are in the store, in order. */
export async function keptMeters(
  store: Pick<Store, "meters">,
  fleet: Pick<Fleet, "meterId">,
  { first, meters }: Span,
): Promise<readonly number[]> {
  const indexes = Array.from({ length: meters }, (_, at) => first + at);
  const rows = await store.meters.getMany(indexes.map((index) => fleet.meterId(index)));
  const found = new Set(rows.map(({ meterId }) => meterId));
  return indexes.filter((index) => found.has(fleet.meterId(index)));
}

/** Identities with the values in the store, and derived values where the store has none. */
export async function* keptIdentities(
  store: Pick<Store, "meters" | "securitySettings">,
  source: IdentitySource,
  { first, meters }: Span,
): AsyncGenerator<Identity, undefined> {
  for (let from = first; from < first + meters; from += batch) {
    const count = Math.min(batch, first + meters - from);
    const kept = await keptOf(
      store,
      Array.from({ length: count }, (_, at) => source.fleet.meterId(from + at)),
    );
    for (let index = from; index < from + count; index++) {
      yield identityOf(source, index, kept.get(source.fleet.meterId(index)));
    }
  }
}

type Mutable<T> = { -readonly [K in keyof T]?: T[K] extends readonly (infer R)[] | undefined ? R[] : T[K] };

async function keptOf(
  store: Pick<Store, "meters" | "securitySettings">,
  meterIds: readonly string[],
): Promise<ReadonlyMap<string, KeptIdentity>> {
  const kept = new Map<string, Mutable<KeptIdentity>>();
  for (const meter of await store.meters.getMany(meterIds)) kept.set(meter.meterId, { meter });
  if (kept.size === 0) return kept;
  // A meter without a row has no keys of its own either.
  const there = [...kept.keys()];
  for (const setting of await store.securitySettings.ofMany(there)) {
    const of = kept.get(setting.meterId);
    if (of !== undefined) of.settings = [...(of.settings ?? []), setting];
  }
  for (const secret of await store.securitySettings.secretsOfMany(there)) {
    const of = kept.get(secret.meterId);
    if (of !== undefined) of.secrets = [...(of.secrets ?? []), secret];
  }
  return kept;
}
