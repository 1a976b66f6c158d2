import type { SqlRow } from "../../packages/storage-pg/src/driver.ts";
import { openPostgres } from "../../packages/storage-pg/src/postgres.ts";
import type { PgStore } from "../../packages/storage-pg/src/store.ts";
import { codes, executed, period, profile } from "./shared-meters.ts";

const ownerAt = `SELECT process FROM processes WHERE address = $1::text AND process_lives(process)`;
const lives = `SELECT process_lives($1::text) AS lives`;
// By the database's clock: how much longer the process would have kept its meters had nobody seen its sessions end.
const left = `
  SELECT EXTRACT(EPOCH FROM alive_until - (clock_timestamp() AT TIME ZONE 'UTC')) * 1000 AS left
  FROM processes WHERE process = $1::text`;
const heldBy = "SELECT meter_id FROM meter_leases WHERE process = $1::text";
const traces = `
  SELECT meter_id, code, encoded FROM event_records WHERE instance_id = '${executed}' ORDER BY meter_id, id`;
const values = "SELECT meter_id, class_id, encoded FROM attribute_values WHERE class_id IN (1, 9002)";
const rows = `
  SELECT meter_id, (EXTRACT(EPOCH FROM at))::int AS second FROM capture_records
  WHERE instance_id = '${profile}' ORDER BY meter_id, at, id`;

const u32 = (octets: Uint8Array, at: number): number =>
  new DataView(octets.buffer, octets.byteOffset, octets.byteLength).getUint32(at);

/** What the shared database knows, asked of it directly. */
export class SharedDatabase implements AsyncDisposable {
  readonly #store: PgStore;

  private constructor(store: PgStore) {
    this.#store = store;
  }

  /** Opens it, as a process that serves no meter. */
  static async open(url: string): Promise<SharedDatabase> {
    return new SharedDatabase(await openPostgres(url, { connections: 2 }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store.close();
  }

  async #query(sql: string, parameters: readonly string[] = []): Promise<readonly SqlRow[]> {
    return (await this.#store.database.query(sql, parameters)).rows;
  }

  /** The name of the living process that was opened with this address. */
  async processAt(address: string): Promise<string> {
    const [row] = await this.#query(ownerAt, [address]);
    if (row === undefined) throw new Error(`no living process has the address ${address}`);
    return String(row.process);
  }

  async lives(process: string): Promise<boolean> {
    return (await this.#query(lives, [process]))[0]?.lives === true;
  }

  /** For how many ms from now, at most, a process is taken to live that says nothing any more. */
  async leaseLeft(process: string): Promise<number> {
    return Number((await this.#query(left, [process]))[0]?.left ?? 0);
  }

  /** The meters that a process has, dead or alive. */
  async heldBy(process: string): Promise<string[]> {
    return (await this.#query(heldBy, [process])).map(({ meter_id }) => String(meter_id));
  }

  /** The number of each request that was executed, as often as it was, and what each meter shows for it. */
  async executed(): Promise<{ readonly numbers: number[]; readonly wrong: string[]; readonly rows: number }> {
    const numbers: number[] = [];
    const wrong: string[] = [];
    const expected = new Map<string, { last: number | undefined; count: number }>();
    for (const { meter_id, code, encoded } of await this.#query(traces)) {
      const number = u32(encoded as Uint8Array, 0);
      numbers.push(number);
      const meter = expected.get(String(meter_id)) ?? { last: undefined, count: 0 };
      expected.set(String(meter_id), meter);
      if (code === codes.set) meter.last = number;
      else meter.count++;
    }
    const shown = new Map<string, number>();
    // A value is double-long-unsigned: a tag and four octets.
    for (const { meter_id, class_id, encoded } of await this.#query(values)) {
      shown.set(`${meter_id} ${class_id}`, u32(encoded as Uint8Array, 1));
    }
    for (const [meterId, { last, count }] of expected) {
      // The first number of all is 0, which a meter shows from the beginning: there is no row for it.
      const shows = shown.get(`${meterId} 1`) ?? 0;
      if (shows !== (last ?? 0)) wrong.push(`${meterId} shows ${shows}, not ${last}`);
      const counted = shown.get(`${meterId} 9002`) ?? 0;
      if (counted !== count) wrong.push(`${meterId} has counted ${counted} of ${count} actions`);
    }
    const captured = await this.#query(rows);
    for (const [at, { meter_id, second }] of captured.entries()) {
      const before = captured[at - 1];
      if (before?.meter_id !== meter_id) continue;
      const step = Number(second) - Number(before?.second);
      if (step !== period) wrong.push(`${meter_id} has a row at ${second}, ${step} s after the one before`);
    }
    return { numbers, wrong, rows: captured.length };
  }
}
