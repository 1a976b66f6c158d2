import type { Connection, ConnectionFilter, Store, Stored } from "@dlmskit/storage";

/** Rows that are read, and shown, at a time. */
export const pageRows = 1000;

type Row = Stored<Connection>;

/** A session as it is shown. The times are ISO 8601. */
interface Shown extends Omit<Row, "createdAt" | "connectionTime" | "lastActivity"> {
  readonly connectionTime: string;
  readonly lastActivity: string;
  readonly serial?: string;
}

export type Page = readonly Shown[];

const moment = (instant: number): string => new Date(instant).toISOString();

/**
 * Sessions page by page, the latest first. `read` gives the latest `pageRows` sessions with an id below `before`, ordered by id. Only one
 * page is in memory.
 */
export async function* pagesOf(read: (before: number | undefined) => Promise<Page>): AsyncGenerator<Page, undefined> {
  for (let before: number | undefined; ; ) {
    const page = await read(before);
    if (page.length > 0) yield [...page].reverse();
    if (page.length < pageRows) return;
    before = page[0]?.id;
  }
}

async function serialsOf(store: Store, rows: readonly Row[]): Promise<ReadonlyMap<string, string>> {
  const serials = new Map<string, string>();
  for (const { meterId } of rows) {
    if (meterId === undefined || serials.has(meterId)) continue;
    serials.set(meterId, (await store.meters.get(meterId))?.serial ?? meterId);
  }
  return serials;
}

/** The sessions of a store. */
export const storePages = (store: Store, filter: Pick<ConnectionFilter, "status" | "meterId">): AsyncGenerator<Page> =>
  pagesOf(async (before) => {
    const rows = await store.connections.list({
      ...{ ...filter, latest: pageRows },
      ...(before === undefined ? {} : { before }),
    });
    const serials = await serialsOf(store, rows);
    return rows.map(({ createdAt: _, connectionTime, lastActivity, ...rest }) => ({
      ...rest,
      connectionTime: moment(connectionTime),
      lastActivity: moment(lastActivity),
      serial: rest.meterId === undefined ? "" : (serials.get(rest.meterId) ?? rest.meterId),
    }));
  });
