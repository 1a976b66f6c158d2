import { concat, Fault, fromAscii, sameOctets, toHex } from "@dlmskit/core";
import { Hkdf, type Random } from "@dlmskit/security";
import type { Meter as MeterRow, Store } from "@dlmskit/storage";
import { Fleet } from "../fleet/fleet.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import type { KeysFile } from "./keys-file.ts";

export interface OpenFleetOptions {
  readonly store: Pick<Store, "fleets" | "meters">;
  readonly template: SimulatorTemplate;
  readonly meters: number;
  readonly seed: string | undefined;
  readonly keys: KeysFile | undefined;
  /** When the registers of a new fleet begin to count, ms since 1970 UTC. */
  readonly commissioned: number;
  readonly random: Random;
}

export interface OpenedFleet {
  readonly fleet: Fleet;
  /** ms since 1970 UTC. */
  readonly commissionedAt: number;
}

const secretOctets = 32;

/** A seed may be short and easy to guess, so its keys are for tests only. */
const secretOfSeed = (seed: string): Uint8Array =>
  new Hkdf(concat(fromAscii("dlmskit: the secret of a fleet, by seed "), new TextEncoder().encode(seed))).derive(
    fromAscii("dlmskit/seed"),
    secretOctets,
  );

/**
 * The meters of a template: those of the store, or new ones. With a seed, everything of a new fleet is derived from the seed, including its
 * keys. Without a seed it is derived from random numbers. Faults: `template-mismatch`, `identity-mismatch`, `out-of-range` and those of the
 * store.
 */
export async function openFleet(options: OpenFleetOptions): Promise<OpenedFleet> {
  const { store, template, meters, keys, commissioned, random } = options;
  const { seed } = options;
  const row = await store.fleets.putIfAbsent({
    template: template.name,
    secret: seed === undefined ? random(secretOctets) : secretOfSeed(seed),
    seed: seed ?? toHex(random(8)),
    manufacturer: template.manufacturer,
    commissionedAt: commissioned,
    derivation: 1,
  });
  const { series } = template;
  const firstSystemTitle = keys?.systemTitle;
  const fleet = new Fleet({
    ...{ secret: row.secret, template: row.template, manufacturer: row.manufacturer, meters, seed: row.seed },
    derivation: row.derivation,
    ...(series === undefined ? {} : { series }),
    ...(firstSystemTitle === undefined ? {} : { firstSystemTitle }),
  });
  // The first meter has a row from the first start on, so the identities of the meters do not change between starts.
  const [first] = await store.meters.putIfAbsent([rowOf(fleet, 0, row.commissionedAt)]);
  if (first !== undefined) checkRowOf(fleet, 0, first, keys);
  return { fleet, commissionedAt: row.commissionedAt };
}

/** The new row of a meter that has no row in the store. */
export function rowOf(fleet: Fleet, index: number, commissionedAt: number): MeterRow {
  return {
    meterId: fleet.meterId(index),
    serial: fleet.serial(index),
    logicalDeviceName: fleet.logicalDeviceName(index),
    systemTitle: fleet.systemTitle(index),
    seed: fleet.seed,
    template: fleet.template,
    commissionedAt,
  };
}

/** Faults `template-mismatch`, `identity-mismatch` (the keys file names another system title). */
export function checkRowOf(fleet: Fleet, index: number, row: MeterRow, keys: KeysFile | undefined): void {
  if (row.template !== fleet.template) {
    throw new Fault("template-mismatch", `meter ${row.meterId} of the store has the template ${row.template}`, {
      layer: "simulator",
      hint: "use another store, or that template",
    });
  }
  if (keys?.systemTitle === undefined) return;
  const wanted = fleet.systemTitle(index);
  if (sameOctets(wanted, row.systemTitle)) return;
  throw new Fault(
    "identity-mismatch",
    `meter ${row.meterId} of the store has the system title ${toHex(row.systemTitle)}, but the keys file has ${toHex(wanted)}`,
    {
      layer: "simulator",
      hint: "the identity of a stored meter cannot change: use another store, or leave out systemTitle",
    },
  );
}
