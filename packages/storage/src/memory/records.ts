import { CaptureRecord, EventRecord, type RecordLog } from "../records.ts";
import { checkRow } from "../shape.ts";
import { copied, knownMeter, type MemoryContext, type MemoryState } from "./state.ts";

type Record = { readonly meterId: string; readonly instanceId: string; readonly at: number };

function memoryRecords<R extends Record>(
  context: MemoryContext,
  logs: (state: MemoryState) => Map<string, Map<string, R[]>>,
  check: (record: R) => R,
): RecordLog<R> {
  const log = (meterId: string, instanceId: string): R[] => logs(context.use()).get(meterId)?.get(instanceId) ?? [];
  return {
    async append(records, keep) {
      const state = context.use();
      const checked = records.map((record) => copied(check(record)));
      for (const { meterId } of checked) knownMeter(state, meterId);
      for (const record of checked) {
        const of = logs(state).get(record.meterId) ?? new Map<string, R[]>();
        logs(state).set(record.meterId, of);
        const rows = of.get(record.instanceId) ?? [];
        of.set(record.instanceId, rows);
        rows.splice(rows.findLastIndex((row) => row.at <= record.at) + 1, 0, record);
        if (keep !== undefined) rows.splice(0, Math.max(0, rows.length - keep));
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
      logs(context.use()).get(meterId)?.delete(instanceId);
      return gone;
    },
  };
}

export function memoryEvents(context: MemoryContext): RecordLog<EventRecord> {
  return memoryRecords<EventRecord>(
    context,
    (state) => state.events,
    (record) => checkRow(EventRecord, record),
  );
}

export function memoryCaptures(context: MemoryContext): RecordLog<CaptureRecord> {
  return memoryRecords<CaptureRecord>(
    context,
    (state) => state.captures,
    (record) => checkRow(CaptureRecord, record),
  );
}
