/** The tables whose rows configure a running program. */
export const configurationTables = [
  "access_rights",
  "client_associations",
  "security_settings",
  "hdlc_settings",
  "communication_ports",
  "load_profile_templates",
  "power_quality_events_config",
] as const;

export type ConfigurationTable = (typeof configurationTables)[number];

/** Rows of a table were changed, by this process or by another one. */
export interface RowsChanged {
  readonly table: ConfigurationTable;
  /** `security_settings`: the meter whose keys, policy or secret changed; absent: any meter's may have. */
  readonly meterId?: string;
}

export type ChangeListener = (change: RowsChanged) => void;

/** What tells changes of rows: part of a `Store`. */
export interface Changes {
  /**
   * Calls `listener` soon after rows of a table of configuration have changed, until what it gives is called. Several changes may be
   * told as one, and a change may be told twice. After an outage of the database all tables are told.
   */
  onChange(listener: ChangeListener): () => void;
}

/** Who is told of changes. What a listener throws is ignored. */
export class ChangeListeners implements Changes {
  readonly #listeners = new Set<ChangeListener>();

  get some(): boolean {
    return this.#listeners.size > 0;
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(change: RowsChanged): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(change);
      } catch {
        // Errors thrown by a listener are ignored.
      }
    }
  }

  tellAll(): void {
    for (const table of configurationTables) this.tell({ table });
  }
}

export const isConfigurationTable = (name: string): name is ConfigurationTable =>
  (configurationTables as readonly string[]).includes(name);
