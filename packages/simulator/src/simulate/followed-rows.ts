import { Fault } from "@dlmskit/core";
import type { Rights } from "@dlmskit/cosem-objects";
import type { Server, ServerEvent } from "@dlmskit/server";
import {
  type ConfigurationTable,
  configurationTables,
  LoadProfileTemplate,
  PowerQualityEventConfig,
  type Store,
} from "@dlmskit/storage";
import type { Clock } from "@dlmskit/transport";
import type { World } from "../meter/simulated-meter.ts";
import { createModel } from "../model/model.ts";
import { CustomerClasses, type Population } from "../model/population.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import { associationSpecs } from "./associations.ts";
import { namingRow } from "./bad-row.ts";
import type { ChangedTables } from "./changed-tables.ts";
import { associationRowsOf, type Configuration, grantedByRows } from "./configuration.ts";
import { FollowedLines } from "./followed-lines.ts";
import { spaceOfRows } from "./lines.ts";
import type { Listeners } from "./listeners.ts";
import type { SimulatorOptions } from "./options.ts";

export interface FollowedRowsPort {
  readonly store: Store;
  /** It has listened since before the rows of `configuration` were read. */
  readonly changed: ChangedTables;
  readonly template: SimulatorTemplate;
  readonly population: Population | undefined;
  readonly configuration: Configuration;
  readonly world: World;
  readonly server: Server;
  readonly clock: Clock;
  readonly referencing: SimulatorOptions["referencing"];
  /** Seed and commissioning of the fleet. They are used to check whether a model can be made from changed rows. */
  readonly model: { readonly seed: string; readonly commissioned: number };
  listeners(): Iterable<Listeners>;
  tell(event: ServerEvent): void;
}

/** Rows as text for comparison. Rows that were written again without a change have no effect. */
const text = (rows: unknown): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));

// How many ms after a failure of the store the rows are read again.
const againAfter = 1000;

/**
 * Applies changed configuration rows while meters are served: one table after another, each as a whole. Rows that cannot be used are
 * reported with table, id and column, and the previous configuration stays in force.
 */
export class FollowedRows {
  readonly #port: FollowedRowsPort;
  readonly #known = new Map<ConfigurationTable, string>();
  readonly #changed: ChangedTables;
  /** The message about the rows of a table that could not be used. The same message is not reported twice. */
  readonly #refused = new Map<ConfigurationTable, string>();
  readonly #lines: FollowedLines;
  /** Runs after the tables that have changed. */
  #due: (() => Promise<void>)[] = [];
  #following: Promise<void> | undefined;
  #closed = false;

  constructor(port: FollowedRowsPort) {
    this.#port = port;
    const { configuration } = port;
    this.#known.set("client_associations", text(configuration.associations));
    this.#known.set("load_profile_templates", text(configuration.loadProfiles));
    this.#known.set("power_quality_events_config", text(configuration.powerQuality));
    this.#known.set("hdlc_settings", text(configuration.hdlcSettings));
    this.#known.set("communication_ports", text(configuration.ports));
    this.#known.set("access_rights", text(configuration.rights));
    this.#lines = new FollowedLines({
      clock: port.clock,
      listeners: () => port.listeners(),
      refused: (table, fault) => port.tell({ type: "rows-refused", table, fault }),
      applied: (table) => port.tell({ type: "rows-changed", table }),
      begin: (work) => {
        this.#due.push(work);
        this.#begin();
      },
    });
    this.#changed = port.changed;
    this.#changed.follow(() => this.#begin());
  }

  #begin(): void {
    this.#following ??= this.#follow().finally(() => {
      this.#following = undefined;
      if ((this.#changed.some || this.#due.length > 0) && !this.#closed) this.#begin();
    });
  }

  async #follow(): Promise<void> {
    // Changes that are made together are applied together.
    await Promise.resolve();
    for (;;) {
      const table = this.#closed ? undefined : this.#changed.take(configurationTables);
      if (table === undefined) break;
      try {
        if (await this.#take(table)) this.#port.tell({ type: "rows-changed", table });
        this.#refused.delete(table);
      } catch (caught) {
        this.#failed(table, caught);
      }
    }
    for (const work of this.#due.splice(0)) {
      if (!this.#closed) await work().catch((caught: unknown) => this.#failed("communication_ports", caught));
    }
  }

  #failed(table: ConfigurationTable, caught: unknown): void {
    const { clock, tell } = this.#port;
    if (caught instanceof Fault && caught.code !== "store-unavailable" && caught.code !== "store-closed") {
      this.#refuse(table, caught);
      return;
    }
    if (caught instanceof Fault && caught.code === "store-closed") return;
    if (!(caught instanceof Fault)) {
      // An error of the program: the same rows would end in the same way.
      tell({ type: "hook-failed", meter: "", what: `applying rows of ${table}`, error: caught });
      return;
    }
    tell({ type: "store-failed", meter: "", what: `rows of ${table}`, error: caught });
    clock.at(clock.now() + againAfter, () => this.#changed.add(table));
  }

  #refuse(table: ConfigurationTable, fault: Fault): void {
    if (this.#refused.get(table) === fault.message) return;
    this.#refused.set(table, fault.message);
    this.#port.tell({ type: "rows-refused", table, fault });
  }

  /** Returns whether the rows have changed. Faults of the store and of the rows; after a Fault nothing was changed. */
  async #take(table: ConfigurationTable): Promise<boolean> {
    const { store, configuration, template } = this.#port;
    switch (table) {
      case "client_associations":
        return this.#put(table, await associationRowsOf(store, template), (rows) => this.#takeAssociations(rows));
      case "access_rights":
        return this.#put(table, await store.accessRights.of(template.name), () => this.#takeRights());
      case "load_profile_templates":
        return this.#put(table, await store.loadProfileTemplates.list(), (loadProfiles) =>
          this.#takeModel({ loadProfiles, powerQuality: configuration.powerQuality }),
        );
      case "power_quality_events_config":
        return this.#put(table, await store.powerQualityEvents.list(), (powerQuality) =>
          this.#takeModel({ loadProfiles: configuration.loadProfiles, powerQuality }),
        );
      case "hdlc_settings":
        return this.#put(table, await store.hdlcSettings.list(), async (rows) => {
          spaceOfRows(rows);
          configuration.hdlcSettings = rows;
          await this.#lines.take(table, true);
        });
      case "communication_ports":
        return this.#put(table, await store.communicationPorts.list(), async (rows) => {
          configuration.ports = rows;
          await this.#lines.take(table, true);
        });
      default:
        return false;
    }
  }

  async #put<R>(table: ConfigurationTable, rows: R, take: (rows: R) => Promise<void> | void): Promise<boolean> {
    const now = text(rows);
    if (this.#known.get(table) === now) return false;
    await take(rows);
    this.#known.set(table, now);
    return true;
  }

  async #takeAssociations(rows: Configuration["associations"]): Promise<void> {
    const { configuration, template, referencing, server } = this.#port;
    const { meterTemplate, granted } = configuration;
    const specs = associationSpecs(template, rows, (client) => granted.of(client), referencing);
    const ended = new Set(meterTemplate.associate(specs).map(({ name }) => name));
    configuration.associations = rows;
    if (ended.size > 0) server.end(({ association }) => ended.has(association));
    try {
      await this.#takeRights();
    } catch (caught) {
      // The previous rights stay in force, for the current associations.
      this.#failed("access_rights", caught);
    }
  }

  async #takeRights(): Promise<void> {
    const { configuration, store, template } = this.#port;
    const { meterTemplate, granted } = configuration;
    granted.by = await grantedByRows(store, template, meterTemplate.devices.get(1)?.objects ?? []);
    const rights: { [name: string]: Rights } = {};
    for (const { name, client } of meterTemplate.associations) rights[name] = granted.of(client);
    meterTemplate.grant(rights);
  }

  #takeModel({ loadProfiles, powerQuality }: Pick<Configuration, "loadProfiles" | "powerQuality">): void {
    const { configuration, world, model } = this.#port;
    const { zoneMinutesEast } = world;
    const make = (templates: readonly LoadProfileTemplate[], events: readonly PowerQualityEventConfig[]): void =>
      void createModel({ ...model, meter: "", templates, powerQuality: events, zoneMinutesEast });
    for (const row of loadProfiles) namingRow(LoadProfileTemplate.table, row.id, () => make([row], []));
    for (const row of powerQuality) namingRow(PowerQualityEventConfig.table, row.id, () => make(loadProfiles, [row]));
    const { population } = this.#port;
    const classes = population === undefined ? undefined : new CustomerClasses(population, loadProfiles);
    for (const templates of classes?.lists ?? [loadProfiles]) make(templates, powerQuality);
    Object.assign(configuration, { loadProfiles, powerQuality });
    world.templates = loadProfiles;
    world.classes = classes;
    world.powerQuality = powerQuality;
    world.kept.clear();
  }

  /** Resolves when all reported changes are applied. */
  async settled(): Promise<void> {
    await this.#following;
  }

  close(): void {
    this.#closed = true;
    this.#lines.close();
    this.#changed.close();
  }
}
