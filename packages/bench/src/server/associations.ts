import { connect } from "@dlmskit/client";
import { tcp as listen, serve } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { held } from "../held.ts";
import { aMeter, clientSecurity } from "./in-memory.ts";

const mebi = 2 ** 20;

/**
 * Opens and releases associations over loopback TCP for a time, every other one ciphered with HLS 5: how many a second, and the memory at
 * the start, in the middle and at the end.
 */
export async function associationFigures(seconds: number, print: (line: string) => void): Promise<void> {
  await using running = await serve(aMeter(), { on: { wrapper: listen(0, () => new WrapperServerLink({})) } });
  const port = running.addresses.wrapper?.port ?? 0;
  const security = clientSecurity();
  const associate = async (client: 16 | 48): Promise<void> => {
    const duplex = await tcpConnect("127.0.0.1", port);
    const link = new WrapperClientLink({ client, server: 1 });
    const session = await connect({ duplex, link }, { clock: systemClock, ...(client === 48 ? security : {}) });
    await session.get({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 });
    await session.release();
  };
  for (let warm = 0; warm < 200; warm++) await associate(warm % 2 === 0 ? 16 : 48);
  const tell = async (when: string, count: number, ms: number): Promise<void> => {
    const rate = ms === 0 ? "" : `${Math.round((count * 1000) / ms).toLocaleString("en")}/s since the last line, `;
    const { rss } = process.memoryUsage();
    print(`${when}: ${rate}${((await held()) / mebi).toFixed(2)} MiB held, ${(rss / mebi).toFixed(0)} MiB resident`);
  };
  const parts = 4;
  await tell("associations: at the start", 0, 0);
  for (let part = 1; part <= parts; part++) {
    const began = performance.now();
    const until = began + (seconds * 1000) / parts;
    let count = 0;
    while (performance.now() < until) await associate(count++ % 2 === 0 ? 16 : 48);
    await tell(`associations: after ${(seconds * part) / parts} s`, count, performance.now() - began);
  }
}
