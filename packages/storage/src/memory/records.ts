import { checkRow } from "../shape.ts";
import { CaptureRecord, EventRecord, type RecordLog } from "../tables/records.ts";
import { copied, knownMeter, type MemoryContext, type MemoryState } from "./state.ts";

type Record = { readonly meterId: string; readonly instanceId: string; readonly at: number };

/** The key of a profile in the state. The contract `captures` uses logical device 1. */
export const profileKey = (instanceId: string, logicalDevice = 1): string => `${logicalDevice} ${instanceId}`;

/** Appends rows to one log, ordered by time. Keeps the latest `keep` rows. */
export function appendIn<R extends Record>(
  logs: Map<string, Map<string, R[]>>,
  meterId: string,
  name: string,
  records: readonly R[],
  keep: number | undefined,
): void {
  const of = logs.get(meterId) ?? new Map<string, R[]>();
  logs.set(meterId, of);
  const rows = of.get(name) ?? [];
  of.set(name, rows);
  for (const record of records) rows.splice(rows.findLastIndex((row) => row.at <= record.at) + 1, 0, record);
  if (keep !== undefined) rows.splice(0, Math.max(0, rows.length - keep));
}

function memoryRecords<R extends Record>(
  context: MemoryContext,
  logs: (state: MemoryState) => Map<string, Map<string, R[]>>,
  check: (record: R) => R,
  nameOf: (instanceId: string) => string,
): RecordLog<R> {
  const log = (meterId: string, instanceId: string): R[] =>
    logs(context.use()).get(meterId)?.get(nameOf(instanceId)) ?? [];
  return {
    async append(records, keep) {
      const state = context.use();
      const checked = records.map((record) => copied(check(record)));
      for (const { meterId } of checked) knownMeter(state, meterId);
      for (const record of checked) {
        appendIn(logs(state), record.meterId, nameOf(record.instanceId), [record], keep);
      }
    },
    async list({ meterId, instanceId, from = -Infinity, to = Infinity, limit = 10000 }) {
      const rows = log(meterId, instanceId).filter((row) => row.at >= from && row.at <= to);
      return rows.slice(Math.max(0, rows.length - limit)).map(copied);
    },
    async count(meterId, instanceId) {
      return log(meterId, instanceId).length;
    },
    async clear(meterId, instanceId) {
      const gone = log(meterId, instanceId).length;
      logs(context.use()).get(meterId)?.delete(nameOf(instanceId));
      return gone;
    },
  };
}

export function memoryEvents(context: MemoryContext): RecordLog<EventRecord> {
  return memoryRecords<EventRecord>(
    context,
    (state) => state.events,
    (record) => checkRow(EventRecord, record),
    (instanceId) => instanceId,
  );
}

export function memoryCaptures(context: MemoryContext): RecordLog<CaptureRecord> {
  return memoryRecords<CaptureRecord>(
    context,
    (state) => state.captures,
    (record) => checkRow(CaptureRecord, record),
    (instanceId) => profileKey(instanceId),
  );
}
