import { spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";

const program = join(import.meta.dirname, "child-file-limit.ts");

it.skipIf(process.platform === "win32")(
  "tells when the process can open no more files, and goes on when it can",
  async () => {
    const command = `ulimit -n 40; exec "${process.execPath}" --conditions=dlmskit-source "${program}"`;
    const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    const lines = (): { port?: number; code?: string }[] =>
      stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    await expect.poll(() => lines().length, { timeout: 20_000 }).toBe(1);
    const [{ port = 0 } = {}] = lines();
    const open = (): Promise<Socket> =>
      new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1", () => resolve(socket));
        socket.on("error", () => undefined);
      });
    const sockets: Socket[] = [];
    // More than the process has descriptors.
    for (let count = 0; count < 40; count++) sockets.push(await open());
    await expect.poll(() => lines()[1], { timeout: 20_000 }).toMatchObject({ code: "too-many-open-files" });
    for (const socket of sockets) socket.destroy();
    const echoed = async (): Promise<string> => {
      const socket = await open();
      const answer = new Promise<string>((resolve) => {
        socket.on("data", (octets) => resolve(String(octets)));
        socket.on("close", () => resolve("closed"));
      });
      socket.write("again");
      const text = await answer;
      socket.destroy();
      return text;
    };
    await expect.poll(echoed, { timeout: 20_000 }).toBe("again");
    child.kill();
  },
);
