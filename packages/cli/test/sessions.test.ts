import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isLong } from "../../../test/campaign.ts";
import { startServer } from "../../storage-pg/test/harness.ts";
import { madeFolder } from "../../storage-pg/test/made-folder.ts";
import { dlms, folder, serving, servingProcess } from "./run.ts";

/** An AARQ of the public client, with its header of the wrapper. */
const aarq = "000100100001001f601da109060760857405080101be10040e01000000065f1f0400001e1dffff";

const documents = (text: string): unknown[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

it.runIf(isLong)("shows who was connected to the meters of a store", async () => {
  using place = folder();
  const store = `pglite:${join(place.path, "store")}`;
  const path = join(place.path, "meters.json");
  await madeFolder(join(place.path, "store"));
  const run = await serving(["simulate", "--port", "0", "--store", store, "--identities", path]);
  const [{ serial }] = JSON.parse(readFileSync(path, "utf8"));
  const who = ["--meter", serial, "--identities", path, "--state", join(place.path, "state")];
  expect((await dlms(["read", "0.0.42.0.0.255", ...who, "--client", "16"])).code).toBe(0);
  expect(await run.stop()).toBe(0);
  const all = await dlms(["sessions", "--store", store, "--all", "--json", "--meter", serial]);
  expect(documents(all.stdout)).toMatchObject([
    { id: 1, status: "DISCONNECTED", clientId: 16, serial, ipAddress: "127.0.0.1" },
  ]);
  expect((await dlms(["sessions", "--store", store, "--end", "1"])).stderr).toContain("there is no open session 1");
});

it.runIf(isLong)(
  "shows who is connected, ends a session, and closes the rows of a process that was killed",
  async () => {
    const database = await startServer();
    try {
      using place = folder();
      const store = await database.database();
      const path = join(place.path, "meters.json");
      const run = await servingProcess(["simulate", "--port", "0", "--store", store, "--identities", path]);
      const [{ serial }] = JSON.parse(readFileSync(path, "utf8"));
      const state = join(place.path, "state");
      const open = (client: string) =>
        dlms(["read", "0.0.42.0.0.255", "--meter", serial, "--identities", path, "--client", client, "--state", state]);
      expect((await open("16")).code).toBe(0);
      expect((await dlms(["sessions", "--store", store])).stdout).toContain("nobody is connected");
      expect((await dlms(["sessions", "--store", store, "--all"])).stdout).toMatch(/DISCONNECTED/);
      expect((await dlms(["sessions", "--store", store, "--meter", "99"])).code).toBe(1);
      const [, port] = /:(\d+) /.exec(run.lines[0] as string) ?? [];
      const stay = async (): Promise<Socket> => {
        const socket = connect(Number(port), "127.0.0.1");
        socket.write(Buffer.from(aarq, "hex"));
        await once(socket, "data");
        return socket;
      };
      const listed = async () =>
        documents((await dlms(["sessions", "--store", store, "--json"])).stdout) as { id: number; status: string }[];
      const first = await stay();
      const [row] = await listed();
      expect(row).toMatchObject({ status: "ACTIVE", clientId: 16, serial });
      const ended = await dlms(["sessions", "--store", store, "--end", String(row?.id), "--json"]);
      expect(documents(ended.stdout)).toEqual([{ ended: row?.id }]);
      expect(await listed()).toEqual([]);
      const second = await stay();
      expect(await listed()).toMatchObject([{ status: "ACTIVE" }]);
      await run.stop("SIGKILL");
      expect(await listed()).toEqual([]);
      for (const socket of [first, second]) socket.destroy();
    } finally {
      await database.stop();
    }
  },
);
