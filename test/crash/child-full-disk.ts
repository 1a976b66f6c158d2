// Runs in a mount namespace of its own: a meter whose store is on a file system that gets full. Prints one JSON document.
import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { treeOf } from "@dlmskit/apdu";
import { connect, type Session } from "@dlmskit/client";
import { anyDataObject } from "@dlmskit/cosem-objects";
import { lls, meter, serve, tcp } from "@dlmskit/server";
import { openPglite } from "@dlmskit/storage-pg";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { madeFolder } from "../../packages/storage-pg/test/made-folder.ts";

const [, , folder = ""] = process.argv;
execFileSync("mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", folder]);
const reference = { classId: 1, instanceId: "0.0.96.1.11.255", attributeId: 2 };
const length = 20_000;
const value = (number: number) => ({
  type: "octet-string" as const,
  // Not to be compressed away.
  value: Uint8Array.from({ length }, (_, at) => (Math.imul(at * 4096 + number, 2_654_435_761) >>> 13) & 0xff),
});
const secret = new TextEncoder().encode("secret-of-32");

async function served() {
  const store = await openPglite(join(folder, "store"));
  const running = await serve(
    meter({
      name: "TST0000000000001",
      objects: [anyDataObject(reference.instanceId, { type: "octet-string", value: new Uint8Array() })],
      associations: { reader: { client: 32, security: lls("secret-of-32"), access: "full" } },
    }),
    { on: { wrapper: tcp(0, () => new WrapperServerLink()) }, store },
  );
  const open = async (): Promise<Session> => {
    const { host, port } = running.addresses.wrapper as { host: string; port: number };
    const line = { duplex: await tcpConnect(host, port), link: new WrapperClientLink({ client: 32, server: 1 }) };
    return connect(line, { clock: systemClock, mechanism: 1, secret });
  };
  const close = async () => {
    await running.close().catch(() => undefined);
    await store.close().catch(() => undefined);
  };
  return { open, close };
}

/** Which value the meter shows: the number that it was made from; undefined: the meter does not say. */
async function shown(session: Session, upTo: number): Promise<number | undefined> {
  const [result] = await session.get([reference]);
  if (result === undefined || !("data" in result)) return undefined;
  const tree = treeOf(result.data) as { value: Uint8Array };
  for (let number = upTo; number > 0; number--) {
    if (Buffer.compare(value(number).value, tree.value) === 0) return number;
  }
  return -1;
}

await madeFolder(join(folder, "store"));
let run = await served();
let session = await run.open();
await session.set(reference, value(1));
let acknowledged = 1;
const filler = join(folder, "filler");
const file = openSync(filler, "w");
for (const size of [1 << 20, 1 << 12]) {
  try {
    for (;;) writeSync(file, new Uint8Array(size));
  } catch {
    // It is full.
  }
}
closeSync(file);
let refused = "";
while (refused === "" && acknowledged < 5000) {
  try {
    await session.set(reference, value(acknowledged + 1));
    acknowledged++;
  } catch (caught) {
    refused = String((caught as { detail?: unknown; code?: unknown }).detail ?? (caught as { code?: unknown }).code);
  }
}
const attempted = acknowledged + 1;
const during = await shown(session, attempted).catch(() => undefined);
rmSync(filler);
await run.close();
run = await served();
session = await run.open();
const after = await shown(session, attempted);
await session.set(reference, value(attempted + 1));
const mended = await shown(session, attempted + 1);
await run.close();
process.stdout.write(`${JSON.stringify({ acknowledged, refused, during, after, mended })}\n`);
process.exit();
