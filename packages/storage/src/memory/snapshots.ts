import { checkRow, type Stored } from "../shape.ts";
import { noSnapshot, Snapshot, type Snapshots } from "../tables/snapshots.ts";
import { copied, type KeptMessage, type MemoryContext, type MemoryState } from "./state.ts";

const perMeter = [
  "values",
  "events",
  "captures",
  "securitySettings",
  "formerKeys",
  "secrets",
  "keyPairs",
] as const satisfies readonly (keyof MemoryState)[];

const isOpen = ({ status }: KeptMessage): boolean => status === "PENDING" || status === "PROCESSING";

const meterOfPending = (name: string): string => name.slice(name.indexOf(" ") + 1);

const isOf = (name: string, template: string): boolean => (JSON.parse(name) as string[])[0] === template;

/** A copy of the entries of a map whose keys pass. */
function copyOf<K, V>(map: ReadonlyMap<K, V>, of: (key: K, value: V) => boolean): Map<K, V> {
  return structuredClone(new Map([...map].filter(([key, value]) => of(key, value))));
}

/** Copies of everything that a snapshot contains. */
function rowsOf(state: MemoryState, template: string) {
  const ofMeter = (meterId: string | undefined): boolean =>
    meterId !== undefined && state.meters.get(meterId)?.template === template;
  const meters = Object.fromEntries(
    perMeter.map((name) => [name, copyOf(state[name] as ReadonlyMap<string, unknown>, ofMeter)]),
  );
  return {
    meters,
    certificates: copyOf(state.certificates.rows, (_, { meterId }) => ofMeter(meterId)),
    pendingKeys: copyOf(state.pendingKeys, (name) => ofMeter(meterOfPending(name))),
    progress: copyOf(state.fleetProgress, (name) => isOf(name, template)),
    messages: copyOf(state.messages, (_, message) => ofMeter(message.meterId) && isOpen(message)),
    leases: new Map(
      [...state.leases].flatMap(([meterId, { clockOffset, ranUpTo }]) =>
        ofMeter(meterId) ? [[meterId, { clockOffset, ranUpTo }] as const] : [],
      ),
    ),
  };
}

type SnapshotRows = ReturnType<typeof rowsOf>;

/** Replaces the entries of a map whose keys pass by copies of others. */
function replace<K, V>(map: Map<K, V>, by: ReadonlyMap<K, V>, of: (key: K, value: V) => boolean): void {
  for (const [key, value] of map) if (of(key, value)) map.delete(key);
  for (const [key, value] of structuredClone(by)) map.set(key, value);
}

function putBack(state: MemoryState, template: string, rows: SnapshotRows): void {
  const ofMeter = (meterId: string | undefined): boolean =>
    meterId !== undefined && state.meters.get(meterId)?.template === template;
  for (const name of perMeter) {
    replace(state[name] as Map<string, unknown>, rows.meters[name] as Map<string, unknown>, ofMeter);
  }
  replace(state.certificates.rows, rows.certificates, (_, { meterId }) => ofMeter(meterId));
  replace(state.pendingKeys, rows.pendingKeys, (name) => ofMeter(meterOfPending(name)));
  replace(state.fleetProgress, rows.progress, (name) => isOf(name, template));
  for (const [meterId, { epoch }] of state.leases) {
    if (!ofMeter(meterId)) continue;
    const { clockOffset = 0, ranUpTo } = rows.leases.get(meterId) ?? {};
    state.leases.set(meterId, { process: undefined, epoch: epoch + 1, clockOffset, ranUpTo });
  }
  for (const [id, message] of state.messages) {
    if (!ofMeter(message.meterId) || !(isOpen(message) || rows.messages.has(id))) continue;
    if (message.status === "PENDING") state.pending.remove(message);
    state.processing.delete(id);
    state.messages.delete(id);
  }
  for (const [id, message] of structuredClone(rows.messages)) {
    const waiting = { ...message, status: "PENDING", lease: 0, leaseUntil: 0 } as const;
    state.messages.set(id, waiting);
    state.pending.add(waiting);
  }
}

export function memorySnapshots(context: MemoryContext): Snapshots {
  return {
    async take(snapshot) {
      const state = context.use();
      const { template, takenAt, state: kept } = checkRow(Snapshot, snapshot);
      const row: Stored<Snapshot> = { id: ++state.lastSnapshot, template, takenAt, state: kept };
      const rows = rowsOf(state, template);
      state.snapshots.set(row.id, { row, putBack: () => putBack(state, template, rows) });
      return copied(row);
    },
    async list(template) {
      const rows = [...context.use().snapshots.values()].map(({ row }) => row);
      return rows.filter((row) => row.template === template).map(copied);
    },
    async restore(id) {
      const state = context.use();
      const found = state.snapshots.get(id);
      if (found === undefined) throw noSnapshot(id);
      found.putBack();
      state.changes.tell({ table: "security_settings" });
      return copied(found.row);
    },
    async remove(id) {
      return context.use().snapshots.delete(id);
    },
  };
}
