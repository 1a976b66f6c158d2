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

/** Rows of a table were changed, by this process or by another process. */
export interface RowsChanged {
  readonly table: ConfigurationTable;
  /** `security_settings`: the meter whose keys, policy or secret changed. Absent: those of any meter may have changed. */
  readonly meterId?: string;
}

export type ChangeListener = (change: RowsChanged) => void;

/** Reports changes of rows. Part of a `Store`. */
export interface Changes {
  /**
   * Calls `listener` soon after rows of a configuration table have changed, until the returned function is called. Several changes
   * may be reported as one, and a change may be reported twice. After an outage of the database all tables are reported.
   */
  onChange(listener: ChangeListener): () => void;
}

/** The listeners for changes. Errors that a listener throws are ignored. */
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
