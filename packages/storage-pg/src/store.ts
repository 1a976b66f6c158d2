import {
  ClientAssociation,
  CommunicationPort,
  connectionsKeptFor,
  HdlcSetting,
  LoadProfileTemplate,
  PowerQualityEventConfig,
  type Store,
  type StoreOptions,
} from "@dlmskit/storage";
import { Database } from "./database.ts";
import type { Driver } from "./driver.ts";
import { type Fenced, type FenceOptions, fence, Origin } from "./fence.ts";
import { type Migration, migrate, migrations } from "./migrate.ts";
import { Notices } from "./notices.ts";
import { OwnProcess } from "./processes.ts";
import { PgRows } from "./rows.ts";
import { PgAccessRights } from "./tables/access-rights.ts";
import { PgCertificates } from "./tables/certificates.ts";
import { disconnectDeadProcesses, disconnectProcess, pgConnections } from "./tables/connections.ts";
import { pgCounters } from "./tables/counters.ts";
import { pgFleets } from "./tables/fleets.ts";
import { pgKeeping } from "./tables/keeping.ts";
import { pgKeyPairs } from "./tables/key-pairs.ts";
import { pgKeyRotations } from "./tables/key-rotations.ts";
import { openSealing } from "./tables/key-sealing.ts";
import { pgMessageQueue } from "./tables/message-queue.ts";
import { pgMeters } from "./tables/meters.ts";
import { PgObisCodes } from "./tables/obis-codes.ts";
import { pgCaptures, pgEvents } from "./tables/records.ts";
import { pgSecuritySettings } from "./tables/security-settings.ts";
import { pgSnapshots } from "./tables/snapshots.ts";
import { pgValues } from "./tables/values.ts";

export interface PgStoreOptions extends StoreOptions {
  /** Receives a message about each operation that takes a while. */
  readonly onProgress?: (message: string) => void;
  /**
   * A file outside of the database, which is not part of copies of the database. It records the progress of the database. With it, a
   * database that was replaced by an older state is detected when it is opened (docs/guides/back-up.md). Without it, a copy is
   * detected only if its own rows show it.
   */
  readonly witness?: string;
  /** Migrations to use instead of those of the package, for tests and for your own tables. */
  readonly migrations?: readonly Migration[];
}

export interface PgStore extends Store {
  readonly kind: "pglite" | "postgres";
  /** The database, for your own queries. */
  readonly database: Database;
  /**
   * Increases all invocation counters and invalidates every lease. Call it after the database was restored from an older copy. If a
   * copy is detected when the store is opened, it is fenced then. Fault `out-of-range`.
   */
  fence(options?: FenceOptions): Promise<Fenced>;
}

/** A store on any driver. `process` is the application_name of its sessions. The store closes the driver, also if opening fails. */
export async function openStore(driver: Driver, process: string, options: PgStoreOptions = {}): Promise<PgStore> {
  const database = new Database(driver);
  const { sealing, onProgress, address, leaseMs, witness } = options;
  const own = new OwnProcess(database, process, { address, leaseMs });
  const origin = new Origin(database, { files: driver.files, witness, onProgress });
  try {
    await migrate(database, options.migrations ?? (await migrations()), onProgress);
    await openSealing(database, sealing);
    await origin.check();
    await disconnectDeadProcesses(database, process);
    await own.start();
  } catch (caught) {
    await origin.close();
    own.stop();
    await database.close().catch(() => undefined);
    throw caught;
  }
  const notices = new Notices(driver);
  const { endAll, endOwn, ...keeping } = pgKeeping(database, own, sealing);
  const close = async (): Promise<void> => {
    // If the server cannot be reached any more, the client can still close.
    if (database.open) {
      endAll();
      await notices.close().catch(() => undefined);
      await disconnectProcess(database, process).catch(() => undefined);
      await own.end().catch(() => undefined);
      await origin.close();
    }
    await database.close();
  };
  return {
    kind: driver.kind,
    sealed: sealing !== undefined,
    database,
    meters: pgMeters(database),
    counters: pgCounters(database),
    securitySettings: pgSecuritySettings(database, sealing),
    keyRotations: pgKeyRotations(database, sealing),
    keyPairs: pgKeyPairs(database, sealing),
    certificates: new PgCertificates(database),
    clientAssociations: new PgRows(database, ClientAssociation),
    obisCodes: new PgObisCodes(database),
    accessRights: new PgAccessRights(database),
    connections: pgConnections(database, process, connectionsKeptFor(options), notices),
    hdlcSettings: new PgRows(database, HdlcSetting),
    communicationPorts: new PgRows(database, CommunicationPort),
    loadProfileTemplates: new PgRows(database, LoadProfileTemplate),
    powerQualityEvents: new PgRows(database, PowerQualityEventConfig),
    values: pgValues(database),
    events: pgEvents(database),
    captures: pgCaptures(database),
    messageQueue: pgMessageQueue(database),
    keeping,
    fence: (how) => fence(database, how),
    fleets: pgFleets(database, sealing),
    snapshots: pgSnapshots(database, process, endOwn),
    onChange: (listener) => notices.onChange(listener),
    close,
    [Symbol.asyncDispose]: close,
  };
}
