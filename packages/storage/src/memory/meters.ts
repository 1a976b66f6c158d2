import { toHex } from "@dlmskit/core";
import { checkRow, type Stored } from "../shape.ts";
import { Meter, type Meters } from "../tables/meters.ts";
import { copied, duplicate, type MemoryContext, type MemoryState } from "./state.ts";

const byId = (one: Stored<Meter>, other: Stored<Meter>): number => compareText(one.meterId, other.meterId);

/** Compares in the order of code points, which is the order of UTF-8 octets. */
export function compareText(one: string, other: string): number {
  const left = new TextEncoder().encode(one);
  const right = new TextEncoder().encode(other);
  for (let at = 0; at < left.length && at < right.length; at++) {
    const difference = (left[at] as number) - (right[at] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Adds the meters that are not stored yet, all or none. Returns all of them as they are stored. Faults `bad-value`, `duplicate`. */
export function addMeters(state: MemoryState, meters: readonly Meter[], createdAt: number): Stored<Meter>[] {
  const checked = meters.map((meter) => copied(checkRow(Meter, meter)));
  const titles = new Set<string>();
  const names = new Set<string>();
  const fresh = new Map<string, Meter>();
  for (const meter of checked) {
    if (state.meters.has(meter.meterId) || fresh.has(meter.meterId)) continue;
    const title = toHex(meter.systemTitle);
    if (titles.has(title) || state.systemTitles.has(title)) throw duplicate(`a meter with system title ${title}`);
    if (names.has(meter.logicalDeviceName) || state.logicalDeviceNames.has(meter.logicalDeviceName))
      throw duplicate(`a meter named ${meter.logicalDeviceName}`);
    titles.add(title);
    names.add(meter.logicalDeviceName);
    fresh.set(meter.meterId, meter);
  }
  for (const meter of fresh.values()) {
    state.meters.set(meter.meterId, { ...meter, id: ++state.lastMeter, createdAt });
    state.systemTitles.add(toHex(meter.systemTitle));
    state.logicalDeviceNames.add(meter.logicalDeviceName);
  }
  return checked.map((meter) => copied(state.meters.get(meter.meterId) as Stored<Meter>));
}

export function memoryMeters(context: MemoryContext): Meters {
  return {
    async putIfAbsent(meters) {
      return addMeters(context.use(), meters, context.instant());
    },
    async get(meterId) {
      const meter = context.use().meters.get(meterId);
      return meter === undefined ? undefined : copied(meter);
    },
    async getMany(meterIds) {
      const { meters } = context.use();
      return [...new Set(meterIds)].flatMap((meterId) => {
        const meter = meters.get(meterId);
        return meter === undefined ? [] : [copied(meter)];
      });
    },
    async list(page = {}) {
      const { after, limit = 1000 } = page;
      return [...context.use().meters.values()]
        .filter((meter) => after === undefined || compareText(meter.meterId, after) > 0)
        .sort(byId)
        .slice(0, limit)
        .map(copied);
    },
    async count() {
      return context.use().meters.size;
    },
    async remove(meterId) {
      const state = context.use();
      const meter = state.meters.get(meterId);
      if (meter === undefined) return false;
      state.systemTitles.delete(toHex(meter.systemTitle));
      state.logicalDeviceNames.delete(meter.logicalDeviceName);
      state.connections.withoutMeter(meterId);
      for (const kept of [
        state.values,
        state.events,
        state.captures,
        state.secrets,
        state.formerKeys,
        state.securitySettings,
        state.keyPairs,
      ]) {
        kept.delete(meterId);
      }
      for (const [id, row] of state.certificates.rows) {
        if (row.meterId === meterId) state.certificates.rows.delete(id);
      }
      for (const name of state.pendingKeys.keys()) {
        if (name.slice(name.indexOf(" ") + 1) === meterId) state.pendingKeys.delete(name);
      }
      const lease = state.leases.get(meterId);
      if (lease !== undefined) {
        state.leases.set(meterId, { process: undefined, epoch: lease.epoch, clockOffset: 0, ranUpTo: undefined });
      }
      return state.meters.delete(meterId);
    },
  };
}
