import { Meter, type MeterIdentity, type MeterTemplate } from "@dlmskit/server";
import type { Meter as MeterRow, Store, TakenMeter } from "@dlmskit/storage";
import type { Fleet } from "../fleet/fleet.ts";
import { Handles } from "../fleet/handles.ts";
import { secretsOf } from "../fleet/secrets.ts";
import { noPast, type Past } from "../meter/past.ts";
import { SimulatedMeter, type World } from "../meter/simulated-meter.ts";
import { pastOf } from "../meter/stored-past.ts";
import type { KeysFile } from "./keys-file.ts";
import { checkRowOf, rowOf } from "./open-fleet.ts";

export interface FleetMetersOptions {
  readonly store: Pick<Store, "events">;
  readonly fleet: Fleet;
  readonly commissionedAt: number;
  readonly compiled: MeterTemplate;
  readonly world: World;
  readonly keys: KeysFile | undefined;
  /** Until when all meters that were never used did everything that was due; undefined: the meters do nothing by themselves. */
  readonly ranFrom: () => number | undefined;
  /** A meter is released. `next`: when it does something next. */
  readonly letGo: (index: number, next: number | undefined) => void;
}

/** Number of handles that are kept when nobody uses them: those of the most recently used meters. */
const keptHandles = 256;

/** The meters of a fleet. A meter is created on request and released when nobody refers to it. */
export class FleetMeters {
  readonly #options: FleetMetersOptions;
  readonly #handles: Handles<Meter>;

  constructor(options: FleetMetersOptions) {
    this.#options = options;
    const { fleet, commissionedAt, compiled } = options;
    this.#handles = new Handles(keptHandles, (index) => {
      return new Meter(compiled, this.#identity(index, rowOf(fleet, index, commissionedAt), noPast));
    });
  }

  /** Fault `out-of-range`. */
  at(index: number): Meter {
    return this.#handles.at(index);
  }

  /** The meters of which this process knows that they have no power. */
  get dark(): readonly number[] {
    return [...this.#handles.known()].filter(([, { powered }]) => !powered).map(([index]) => index);
  }

  #identity(index: number, row: MeterRow, past: Past): MeterIdentity {
    const { fleet, world, keys, letGo, compiled } = this.#options;
    const ranFrom = this.#options.ranFrom();
    const { seed, template, commissionedAt } = row;
    return {
      name: row.logicalDeviceName,
      id: row.meterId,
      serial: row.serial,
      systemTitle: row.systemTitle,
      own: new SimulatedMeter(world, row, past),
      origin: { seed, template, commissionedAt, ...(ranFrom === undefined ? {} : { ranFrom }) },
      secrets: ({ name }) => {
        const association = compiled.associations.find((one) => one.name === name);
        return association === undefined
          ? {}
          : secretsOf(fleet, index, association, keys === undefined ? {} : { keys });
      },
      taken: (taken) => this.#taken(index, taken),
      letGo: (next) => letGo(index, next),
    };
  }

  /** The values of a meter in the store have priority over derived values. */
  async #taken(index: number, { meter, values }: TakenMeter): Promise<MeterIdentity> {
    const { fleet, keys, store, world } = this.#options;
    checkRowOf(fleet, index, meter, keys);
    return this.#identity(index, meter, await pastOf(store, meter.meterId, world, values));
  }
}
