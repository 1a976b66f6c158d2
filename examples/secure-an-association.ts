// Suite 0, authenticated encryption, HLS by GMAC; a policy, access rights, counters that are used once; and what a wrong key gets.
import { randomBytes } from "node:crypto";
import { T } from "@dlmskit/apdu";
import { connect, DurableCounters } from "@dlmskit/client";
import { fromAscii } from "@dlmskit/core";
import { register } from "@dlmskit/cosem-objects";
import { CounterGuard, Keys } from "@dlmskit/security";
import { hls5, meter, none, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

const keys = { encryptionKey: randomBytes(16), authenticationKey: randomBytes(16) };
const acme = meter({
  name: "ACM0000000000001",
  objects: [register("1-0:1.8.0", { type: T.longUnsigned, value: 4711, unit: "Wh" })],
  associations: {
    public: { client: 16, security: none(), access: "public" },
    admin: { client: 1, security: hls5({ ...keys, policy: 3 }), access: "full" },
  },
});
await using running = await serve(acme, {
  on: { wrapper: tcp(0, () => new WrapperServerLink()) },
  events: (event) => event.type === "refused" && console.log("refused:", event.fault.code),
});

let stored = 0; // Stands for a file or a table: it is written before a counter is used.
const reserve = (upTo: number): void => {
  stored = upTo;
};
async function read(given: typeof keys): Promise<unknown> {
  const duplex = await tcpConnect("127.0.0.1", running.addresses.wrapper?.port ?? 0);
  const link = new WrapperClientLink({ client: 1, server: 1 });
  const counters = new DurableCounters({ start: stored, reserve });
  const own = { systemTitle: fromAscii("HES00001"), counters, replay: new CounterGuard() };
  const security = { suite: 0, keys: new Keys(given), ...own };
  await using session = await connect({ duplex, link }, { clock: systemClock, ciphered: true, mechanism: 5, security });
  return await session.get({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 });
}
console.log(await read(keys), `counters below ${stored} are never used again`);
console.log(await read({ ...keys, encryptionKey: randomBytes(16) }).catch(({ code }) => code));
