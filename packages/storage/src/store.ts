import type { Changes } from "./changes.ts";
import type { Keeping } from "./keeping.ts";
import type { KeySealing } from "./sealing.ts";
import type { AccessRights } from "./tables/access-rights.ts";
import type { Certificates } from "./tables/certificates.ts";
import type { ClientAssociations } from "./tables/client-associations.ts";
import type { CommunicationPorts, HdlcSettings } from "./tables/communication.ts";
import type { Connections } from "./tables/connections.ts";
import type { Counters } from "./tables/counters.ts";
import type { Fleets } from "./tables/fleets.ts";
import type { LoadProfileTemplates, PowerQualityEventConfigs } from "./tables/generation.ts";
import type { KeyPairs } from "./tables/key-pairs.ts";
import type { KeyRotations } from "./tables/key-rotations.ts";
import type { MessageQueue } from "./tables/message-queue.ts";
import type { Meters } from "./tables/meters.ts";
import type { ObisCodes } from "./tables/obis-codes.ts";
import type { CaptureRecords, EventRecords } from "./tables/records.ts";
import type { SecuritySettings } from "./tables/security-settings.ts";
import type { Snapshots } from "./tables/snapshots.ts";
import type { AttributeValues } from "./tables/values.ts";

/**
 * The stored state of meters. Each contract is small and independent: a function takes the contracts that it needs. Instants are
 * whole ms since 1970 UTC. Values that a store returns belong to the caller: the store never changes them. Faults of every method,
 * of layer `storage`: `bad-value` for a value that a column does not accept, `bad-row` for a row that cannot be read (path: table,
 * id, column), `store-closed`, `store-unavailable` (the database cannot be reached), `query-failed`.
 */
export interface Store extends AsyncDisposable, Changes {
  readonly kind: "memory" | "pglite" | "postgres";
  /** Whether keys and secrets are encrypted with a key-encryption key. If not, a program should report it at start-up. */
  readonly sealed: boolean;
  readonly meters: Meters;
  readonly counters: Counters;
  readonly securitySettings: SecuritySettings;
  readonly keyRotations: KeyRotations;
  readonly keyPairs: KeyPairs;
  readonly certificates: Certificates;
  readonly clientAssociations: ClientAssociations;
  readonly obisCodes: ObisCodes;
  readonly accessRights: AccessRights;
  readonly connections: Connections;
  readonly hdlcSettings: HdlcSettings;
  readonly communicationPorts: CommunicationPorts;
  readonly loadProfileTemplates: LoadProfileTemplates;
  readonly powerQualityEvents: PowerQualityEventConfigs;
  readonly values: AttributeValues;
  readonly events: EventRecords;
  readonly captures: CaptureRecords;
  readonly messageQueue: MessageQueue;
  /** The data that meters write while they run. A meter has one owner at a time. */
  readonly keeping: Keeping;
  readonly fleets: Fleets;
  readonly snapshots: Snapshots;
  /**
   * Waits for operations in progress, then closes the store. A second call has no effect. The open connections of this store become
   * DISCONNECTED, and its meters become free.
   */
  close(): Promise<void>;
}

export interface StoreOptions {
  /**
   * Seals keys and secrets. Faults when the store is opened: `wrong-key-encryption-key`, `key-encryption-key-needed` (the store is
   * sealed, and no key-encryption key was given). A store that is not sealed yet is sealed when it is opened.
   */
  readonly sealing?: KeySealing;
  /** The address of this process, for other processes that need one of its meters (`HeldMeter.address`). */
  readonly address?: string;
  /**
   * The time in ms for which this process keeps its meters without renewing its leases. 4000 by default, 40 at least. The store
   * renews them four times in this time.
   */
  readonly leaseMs?: number;
  /**
   * The time in ms for which rows of closed connections are kept. 30 days by default. The store removes them when new connections
   * are opened.
   */
  readonly connectionsKeptMs?: number;
}
