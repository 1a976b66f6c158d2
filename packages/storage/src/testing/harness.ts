import { Fault } from "@dlmskit/core";
import { expect } from "vitest";
import type { KeySealing } from "../sealing.ts";
import type { Store, StoreOptions } from "../store.ts";
import type { Meter } from "../tables/meters.ts";

/** A store that is empty when it is opened. */
export interface OpenedStore {
  readonly store: Store;
  /** Opens the same data again, after the first store was closed. Absent if the data are lost when the store is closed. */
  readonly reopen?: (options?: StoreOptions) => Promise<Store>;
  /** Opens the same data at the same time, like another process. Absent if only one process can have the data open. */
  readonly another?: (options?: StoreOptions) => Promise<Store>;
}

export type OpenStore = (options?: StoreOptions) => Promise<OpenedStore>;

/** Runs a test on a new store and closes the store. */
export async function withStore(
  open: OpenStore,
  test: (store: Store, opened: OpenedStore) => Promise<void>,
  options?: StoreOptions,
): Promise<void> {
  const opened = await open(options);
  try {
    await test(opened.store, opened);
  } finally {
    await opened.store.close();
  }
}

/** Expects a Fault with this code and, if given, with this path. */
export async function expectFault(promise: Promise<unknown>, code: string, path?: readonly string[]): Promise<Fault> {
  const caught = await promise.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  expect(caught).toBeInstanceOf(Fault);
  const fault = caught as Fault;
  expect(fault.code, fault.message).toBe(code);
  expect(fault.layer).toBe("storage");
  if (path !== undefined) expect(fault.path).toEqual(path);
  return fault;
}

/** A meter that is unique for this number. */
export function meter(number: number): Meter {
  return {
    meterId: `meter-${number}`,
    serial: `S${number}`,
    logicalDeviceName: `TST${String(number).padStart(13, "0")}`,
    systemTitle: Uint8Array.of(0x54, 0x53, 0x54, 0, 0, 0, number >>> 8, number & 0xff),
    seed: "seed",
    template: "test",
    commissionedAt: Date.UTC(2024, 0, 1, 5, 30, 0, 123),
  };
}

/** Octets of a key that is unique for this number. */
export function key(number: number, length = 16): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (number * 17 + at) & 0xff);
}

/** For tests only. It has the form of AES key wrap (8 octets longer, refuses another key-encryption key), but hides nothing. */
export function testSealing(number: number): KeySealing {
  const tag = key(number, 8);
  return {
    wrap(octets) {
      if (octets.length < 16 || octets.length % 8 !== 0) throw new Error(`${octets.length} octets cannot be wrapped`);
      const wrapped = new Uint8Array(octets.length + 8);
      wrapped.set(tag);
      wrapped.set(
        octets.map((octet) => octet ^ 0xa5),
        8,
      );
      return wrapped;
    },
    unwrap(wrapped) {
      if (tag.some((octet, at) => wrapped[at] !== octet)) throw new Error("bad key wrap");
      return wrapped.slice(8).map((octet) => octet ^ 0xa5);
    },
  };
}
