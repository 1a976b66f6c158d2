// One error for all layers: a Fault says what, where and what to try. Here one of each kind.
import { decodeApdu, decodeData, fromData, T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { Fault, fromHex } from "@dlmskit/core";
import { createSimulator } from "@dlmskit/simulator";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";

async function show(what: string, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (caught) {
    // Anything else than a Fault is a bug, of the program or of the library.
    if (!(caught instanceof Fault)) throw caught;
    console.log(what, JSON.stringify(caught));
  }
}

// Octets that are wrong: layer, offset from their start, path of fields.
await show("truncated:", () => decodeApdu(fromHex("c001c1000301000108")));
await show("too many:", () => decodeData(fromHex("0184ffffffff")));
await show("another type:", () => fromData(T.longUnsigned, { type: "visible-string", value: "12" }));

// A transport, a meter that says no, an association that is refused.
await show("nobody there:", () => tcpConnect("127.0.0.1", 1));
await using simulator = await createSimulator({ seed: "errors" });
const { ports } = await simulator.listen({ port: 0 });
const line = async (client: number) => ({
  duplex: await tcpConnect("127.0.0.1", ports[0]?.port ?? 0),
  link: new WrapperClientLink({ client, server: 1 }),
});
const session = await connect(await line(16), { clock: systemClock });
await show("no right:", () => session.get({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }));
await session.release();
await show("no such client:", async () => connect(await line(99), { clock: systemClock, timeout: 500 }));
