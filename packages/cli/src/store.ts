import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Fault, fromHex, toHex } from "@dlmskit/core";
import { node } from "@dlmskit/security/node";
import { type KeySealing, openMemoryStore, type Store, type StoreOptions } from "@dlmskit/storage";
import { stateFolder } from "./meter/state.ts";

const keyVariable = "DLMS_KEY_ENCRYPTION_KEY";

/** The key-encryption key from the environment, with which a store encrypts its keys. */
function sealing(environment: NodeJS.ProcessEnv): KeySealing | undefined {
  const text = environment[keyVariable];
  if (text === undefined || text === "") return undefined;
  // The value is a key: do not show it.
  if (!/^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{48}|[0-9a-fA-F]{64})$/.test(text)) {
    throw new Fault("bad-option", `${keyVariable} is not 16, 24 or 32 octets in hex`, { layer: "cli" });
  }
  const key = fromHex(text);
  return { wrap: (octets) => node.wrapKey(key, octets), unwrap: (octets) => node.unwrapKey(key, octets) };
}

/** Path of the witness file of a store. It is in the user's state folder, so that a copy of the store does not contain it. */
function witnessOf(spec: string, environment: NodeJS.ProcessEnv): string {
  const folder = /^pglite:(.+)$/.exec(spec)?.[1];
  // The address of a server may contain a password.
  const name = folder === undefined ? spec.replace(/\/\/[^@/]*@/, "//") : resolve(folder);
  return join(
    stateFolder(environment),
    `store-${toHex(node.hash("sha256", new TextEncoder().encode(name))).slice(0, 16)}`,
  );
}

/**
 * Opens `memory`, `pglite:DIR` or `postgres://…`; keys are encrypted with DLMS_KEY_ENCRYPTION_KEY if it is set.
 * `mustExist`: a store that does not exist is not created; for commands that only read.
 * Faults: `bad-option`, `no-such-file`, and those of the stores.
 */
export async function openStoreOf(
  spec: string,
  onProgress: (message: string) => void,
  environment: NodeJS.ProcessEnv = process.env,
  mustExist = false,
  more: Pick<StoreOptions, "connectionsKeptMs" | "address"> = {},
): Promise<Store> {
  const seal = sealing(environment);
  const sealed = seal === undefined ? {} : { sealing: seal };
  const options = { onProgress, ...sealed, ...more, witness: witnessOf(spec, environment) };
  if (spec === "memory") return openMemoryStore(options);
  const folder = /^pglite:(.+)$/.exec(spec)?.[1];
  if (mustExist && folder !== undefined && !existsSync(join(folder, "data", "PG_VERSION"))) {
    throw new Fault("no-such-file", `there is no store in ${folder}`, {
      layer: "cli",
      hint: "check the path; dlms simulate and dlms start create a store",
    });
  }
  // Load a database only when it is needed: it is large.
  if (folder !== undefined) return (await import("@dlmskit/storage-pg")).openPglite(folder, options);
  if (/^postgres(?:ql)?:\/\//.test(spec)) return (await import("@dlmskit/storage-pg")).openPostgres(spec, options);
  throw new Fault("bad-option", `--store ${spec} is not a known kind of store`, {
    layer: "cli",
    hint: "give memory, pglite:DIR or postgres://user@host/database",
  });
}
