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
import type { AttributeValues } from "./tables/values.ts";

/**
 * The stored state of meters. Each contract is small and independent: a function takes the ones that it needs.
 * Instants are whole ms since 1970 UTC; what a store hands out is the caller's to keep, and is never changed by the store.
 * Faults of every method, of layer `storage`: `bad-value` for what a column cannot hold, `bad-row` for what cannot be read
 * (path: table, id, column), `store-closed`, `store-unavailable` (the database cannot be reached), `query-failed`.
 */
export interface Store extends AsyncDisposable, Changes {
  readonly kind: "memory" | "pglite" | "postgres";
  /** Whether keys and secrets are encrypted with a key-encryption key; if not, a program says so when it starts. */
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
  /** What meters keep while they run, one owner at a time. */
  readonly keeping: Keeping;
  readonly fleets: Fleets;
  /**
   * Waits for what is in progress, then lets go; twice is once. Its own connections that are open become DISCONNECTED, and the
   * meters that it has are free.
   */
  close(): Promise<void>;
}

export interface StoreOptions {
  /**
   * Seals keys and secrets. Faults when the store opens: `wrong-key-encryption-key`, `key-encryption-key-needed`
   * (the store is sealed, and none was given). A store that was not sealed yet is sealed when it opens.
   */
  readonly sealing?: KeySealing;
  /** The address of this process, for other processes that need a meter of this one (`HeldMeter.address`). */
  readonly address?: string;
  /**
   * How long this process keeps its meters without renewing its leases, ms; 4000 by default. The store renews them
   * four times in that time. 40 at least.
   */
  readonly leaseMs?: number;
  /**
   * How long rows of closed connections are kept, ms; 30 days by default. The store forgets them as new
   * ones are opened.
   */
  readonly connectionsKeptMs?: number;
}
