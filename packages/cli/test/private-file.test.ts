import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CounterFile } from "../src/meter/state.ts";
import { writePrivate } from "../src/private-file.ts";
import { openStoreOf } from "../src/store.ts";
import { dlms, folder } from "./run.ts";

const mode = (path: string): number => statSync(path).mode & 0o777;

describe.skipIf(process.platform === "win32")("files with secrets", () => {
  it("are the user's alone, also where they were there before", () => {
    using place = folder();
    const path = join(place.path, "identities.json");
    writePrivate(path, "first");
    expect(mode(path)).toBe(0o600);
    chmodSync(path, 0o644);
    writePrivate(path, "second");
    expect(mode(path)).toBe(0o600);
  });

  it("the folder of state is narrowed", () => {
    using place = folder();
    const state = join(place.path, "state");
    mkdirSync(state);
    chmodSync(state, 0o755);
    new CounterFile(state, new Uint8Array(16), new Uint8Array(8));
    expect(mode(state)).toBe(0o700);
  });

  it("a keys file that others can read gets a warning, one that is private none", async () => {
    using place = folder();
    const path = join(place.path, "keys.json");
    writeFileSync(path, "{}");
    const warned = async (bits: number) => {
      chmodSync(path, bits);
      return (await dlms(["read", "127.0.0.1:1", "--keys", path])).stderr;
    };
    expect(await warned(0o644)).toContain("chmod 600");
    expect(await warned(0o600)).not.toContain("chmod");
  });
});

it("a store that must be there is not made", async () => {
  using place = folder();
  const path = join(place.path, "none");
  await expect(openStoreOf(`pglite:${path}`, () => undefined, {}, true)).rejects.toMatchObject({
    code: "no-such-file",
  });
  expect(existsSync(path)).toBe(false);
});
