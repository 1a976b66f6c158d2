import { linkSync, rmSync } from "node:fs";
import type { KeyName, KeyRecord, KeyRecords, KeysInUse, PendingKeyRecords } from "@dlmskit/client";
import { Fault, fromHex, type LogicalName, toHex } from "@dlmskit/core";
import { readKeysFile, readText } from "../keys-file.ts";
import { locked, writeDurably } from "../meter/state.ts";

/** Selects keys in the file. */
export interface KeyPlace {
  readonly path: string;
  readonly client: number;
  readonly instanceId: LogicalName;
  readonly suite: number;
}

type Json = { [name: string]: unknown };

const names: readonly KeyName[] = ["encryptionKey", "authenticationKey", "broadcastKey", "masterKey"];

const pendingPathOf = (path: string): string => `${path}.pending`;

/** The Security setup of an unfinished key change of this keys file; undefined if there is none. */
export function begunSetup(path: string): string | undefined {
  const text = readText(pendingPathOf(path));
  const { setup } = text === undefined ? {} : parsed(pendingPathOf(path), text);
  return typeof setup === "string" ? setup : undefined;
}

/**
 * One meter's keys in a keys file, and the keys that are being sent to the meter in `FILE.pending`. Each file is replaced
 * durably: after a crash it has either its old or its new contents.
 */
export class KeyFileRecords implements KeyRecords, PendingKeyRecords {
  readonly #place: KeyPlace;
  readonly #pendingPath: string;

  constructor(place: KeyPlace) {
    this.#place = place;
    this.#pendingPath = pendingPathOf(place.path);
  }

  async of(): Promise<readonly KeyRecord[]> {
    const { path, client, instanceId, suite } = this.#place;
    const { clients, masterKey } = readKeysFile(path);
    const { password: _, ...keys } = clients?.[String(client)] ?? {};
    const known = Object.fromEntries(Object.entries({ ...keys, masterKey }).filter(([, key]) => key !== undefined));
    return [{ instanceId, securitySuite: suite, ...known }];
  }

  async due(): Promise<readonly { readonly meterId: string; readonly instanceId: LogicalName }[]> {
    return [];
  }

  async pending(): Promise<{ readonly keys: KeysInUse } | undefined> {
    return this.#pending();
  }

  #pending(): { readonly keys: KeysInUse } | undefined {
    const text = readText(this.#pendingPath);
    if (text === undefined) return undefined;
    const { client, instanceId } = this.#place;
    const kept = parsed(this.#pendingPath, text);
    if (kept.client !== client || kept.setup !== instanceId) {
      throw bad(this.#pendingPath, "a change of other keys in this file is not finished: finish it first");
    }
    const keys = names.flatMap((name) => {
      const key = kept[name];
      return typeof key === "string" && /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/.test(key) ? [[name, fromHex(key)]] : [];
    });
    if (keys.length === 0) throw bad(this.#pendingPath, "it contains no key");
    return { keys: Object.fromEntries(keys) };
  }

  async propose(_: string, __: LogicalName, keys: KeysInUse): Promise<{ readonly keys: KeysInUse }> {
    const { client, instanceId: setup } = this.#place;
    const whole = `${this.#pendingPath}.${process.pid}`;
    writeDurably(whole, `${JSON.stringify({ client, setup, ...hexOf(keys) })}\n`);
    try {
      // Another process may have sent its pending keys already: do not overwrite them.
      linkSync(whole, this.#pendingPath);
      return { keys };
    } catch (caught) {
      const { code } = caught as NodeJS.ErrnoException;
      const pending = code === "EEXIST" ? await this.pending() : undefined;
      if (pending !== undefined) return pending;
      throw new Fault("not-written", `${this.#pendingPath} cannot be written`, { layer: "cli", cause: caught });
    } finally {
      rmSync(whole, { force: true });
    }
  }

  async confirm(): Promise<number> {
    // Another process may confirm the same keys, and then begin another change.
    return locked(this.#pendingPath, () => this.#confirm());
  }

  #confirm(): number {
    const { path, client } = this.#place;
    const pending = this.#pending();
    if (pending === undefined) return 1;
    const { masterKey, ...own } = hexOf(pending.keys);
    const file = JSON.parse(readText(path) ?? "{}") as Json & { clients?: { [sap: string]: Json } };
    const clients = { ...file.clients, [client]: { ...file.clients?.[client], ...own } };
    const changed = { ...file, ...(masterKey === undefined ? {} : { masterKey }), clients };
    writeDurably(path, `${JSON.stringify(changed, undefined, 2)}\n`);
    rmSync(this.#pendingPath, { force: true });
    return 1;
  }
}

function parsed(path: string, text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The parser's message may show a part of a key.
    throw bad(path, "it is not JSON");
  }
}

function bad(path: string, what: string): Fault {
  return new Fault("bad-state", `${path}: ${what}`, {
    layer: "cli",
    hint: "it contains keys that the meter may already use: do not remove it until you know that the meter uses other keys",
  });
}

function hexOf(keys: KeysInUse): { readonly [K in KeyName]?: string } {
  return Object.fromEntries(names.flatMap((name) => (keys[name] === undefined ? [] : [[name, toHex(keys[name])]])));
}
