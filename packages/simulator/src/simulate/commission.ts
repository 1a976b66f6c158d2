import { Fault, fromAscii, sameOctets, toHex } from "@dlmskit/core";
import type { Random } from "@dlmskit/security";
import type { MeterTemplate } from "@dlmskit/server";
import type { ClientSecret, Meter as MeterRow, NewKeys, SecuritySetting, Store, Stored } from "@dlmskit/storage";
import type { SimulatorTemplate } from "../templates/template.ts";
import type { KeysFile } from "./keys-file.ts";
import { secretsFor } from "./secrets.ts";

export interface CommissionOptions {
  readonly store: Store;
  readonly template: SimulatorTemplate;
  readonly compiled: MeterTemplate;
  readonly meters: number;
  readonly seed: string;
  readonly keys: KeysFile | undefined;
  readonly commissioned: number;
  readonly random: Random;
  readonly now: number;
}

// How many meters go to the store at a time.
const batch = 250;
// Serial numbers have 8 digits.
const serials = 100_000_000;

/** What the store knows a meter of a template by: its number, from 1. */
const meterIdOf = (template: SimulatorTemplate, number: number): string =>
  `${template.name}-${String(number).padStart(6, "0")}`;

/**
 * The first so many meters of a template: those that the store has, as they are, and new ones. Secrets that a meter has not
 * yet are made. Faults: `template-mismatch`, `identity-mismatch` (the keys file names another system title).
 */
export async function commission(options: CommissionOptions): Promise<readonly Stored<MeterRow>[]> {
  const rows: Stored<MeterRow>[] = [];
  for (let from = 1; from <= options.meters; from += batch) {
    const numbers = Array.from({ length: Math.min(batch, options.meters - from + 1) }, (_, at) => from + at);
    const kept = await put(options, numbers);
    await putSecrets(options, kept);
    rows.push(...kept);
  }
  return rows;
}

async function put(options: CommissionOptions, numbers: readonly number[]): Promise<readonly Stored<MeterRow>[]> {
  const { store, template } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      const base = serialBase(options.random);
      const kept = await store.meters.putIfAbsent(numbers.map((number) => newMeter(options, number, base)));
      kept.forEach((row, at) => {
        check(row, options, numbers[at] as number);
      });
      return kept;
    } catch (caught) {
      // A random serial number or system title that another meter has; a given one stays a duplicate.
      const again = caught instanceof Fault && caught.code === "duplicate" && options.keys?.systemTitle === undefined;
      if (!again || attempt === 5) throw caught;
    }
  }
  function check(row: MeterRow, { keys }: CommissionOptions, number: number): void {
    if (row.template !== template.name) {
      throw new Fault("template-mismatch", `meter ${row.meterId} of the store is of the template ${row.template}`, {
        layer: "simulator",
        hint: "use another store, or that template",
      });
    }
    const given = keys?.systemTitle && titleOf(keys.systemTitle, number);
    if (given !== undefined && !sameOctets(given, row.systemTitle)) {
      throw new Fault(
        "identity-mismatch",
        `meter ${row.meterId} of the store has the system title ${toHex(row.systemTitle)}, the keys file wants ${toHex(given)}`,
        { layer: "simulator", hint: "a meter stays who it is: use another store, or leave systemTitle out" },
      );
    }
  }
}

function serialBase(random: Random): number {
  const octets = random(4);
  return new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0) % serials;
}

function newMeter(
  { template, seed, keys, commissioned, random }: CommissionOptions,
  number: number,
  base: number,
): MeterRow {
  const serial = (base + number) % serials;
  const systemTitle = new Uint8Array(8);
  systemTitle.set(fromAscii(template.manufacturer));
  systemTitle.set(random(1), 3);
  new DataView(systemTitle.buffer).setUint32(4, serial);
  return {
    meterId: meterIdOf(template, number),
    serial: String(serial).padStart(8, "0"),
    logicalDeviceName: `${template.manufacturer}${String(serial).padStart(13, "0")}`,
    systemTitle: keys?.systemTitle === undefined ? systemTitle : titleOf(keys.systemTitle, number),
    seed,
    template: template.name,
    commissionedAt: commissioned,
  };
}

/** No two meters share a title: the given one is the first meter's, the others count on from it. */
function titleOf(first: Uint8Array, number: number): Uint8Array {
  const title = first.slice();
  const view = new DataView(title.buffer);
  view.setUint32(4, view.getUint32(4) + number - 1);
  return title;
}

async function putSecrets(options: CommissionOptions, meters: readonly MeterRow[]): Promise<void> {
  const { store, compiled, keys, random } = options;
  const settings: SecuritySetting[] = [];
  const secrets: ClientSecret[] = [];
  for (const { meterId } of meters) {
    const masterKey = keys?.masterKey ?? random(16);
    for (const association of compiled.associations) {
      const { client, instance, securitySetup, security } = association;
      const { secret, broadcastKey, ...made } = secretsFor(association, keys, masterKey, random);
      if (secret !== undefined) secrets.push({ meterId, clientId: client, instanceId: instance, secret });
      if (securitySetup === undefined) continue;
      settings.push({
        ...{ meterId, instanceId: securitySetup, keyVersion: 1, ...made },
        ...{ securityPolicy: security.policy, securitySuite: security.suite },
        ...(broadcastKey === undefined ? {} : { broadcastKey: broadcastKey }),
      });
    }
  }
  const newSettings = await store.securitySettings.putIfAbsent(settings);
  const newSecrets = await store.securitySettings.putSecretsIfAbsent(secrets);
  if (keys === undefined || (newSettings === settings.length && newSecrets === secrets.length)) return;
  for (const { meterId } of meters) await follow(options, keys, meterId);
}

/** A meter that had other keys than the file says gets those of the file: as a key change, with counters of their own. */
async function follow({ store, compiled, now }: CommissionOptions, keys: KeysFile, meterId: string): Promise<void> {
  const settings = await store.securitySettings.of(meterId);
  const secrets = await store.securitySettings.secretsOf(meterId);
  for (const { client, instance, securitySetup, security } of compiled.associations) {
    const given = keys.clients?.[client] ?? {};
    const setting = settings.find(({ instanceId }) => instanceId === securitySetup);
    if (setting !== undefined) {
      const wanted: NewKeys = {
        ...(given.encryptionKey && { encryptionKey: given.encryptionKey }),
        ...(given.authenticationKey && { authenticationKey: given.authenticationKey }),
        ...(given.broadcastKey && { broadcastKey: given.broadcastKey }),
        ...(keys.masterKey && { masterKey: keys.masterKey }),
      };
      const changed = Object.entries(wanted).filter(([name, key]) => !same(setting[name as keyof NewKeys], key));
      if (changed.length > 0) {
        await store.securitySettings.changeKeys(meterId, setting.instanceId, Object.fromEntries(changed), now);
      }
    }
    const secret = secrets.find(({ clientId, instanceId }) => clientId === client && instanceId === instance)?.secret;
    if (security.mechanism !== 0 && given.password !== undefined && !same(secret, given.password)) {
      await store.securitySettings.setSecret({
        meterId,
        clientId: client,
        instanceId: instance,
        secret: given.password,
      });
    }
  }
}

const same = (one: Uint8Array | undefined, other: Uint8Array): boolean => one !== undefined && sameOctets(one, other);
