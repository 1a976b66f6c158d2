// A simulated IS 15959 meter on a TCP port, and one read of it over the socket.
import { connect } from "@dlmskit/client";
import { createSimulator } from "@dlmskit/simulator";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";

await using simulator = await createSimulator({ seed: "example" });
const { ports } = await simulator.listen({ port: 0 });
const meter = await simulator.identity(0);
const reader = meter.clients.find(({ name }) => name === "reader");
console.log(
  `meter ${meter.serial} on 127.0.0.1:${ports[0]?.port}, client ${reader?.client} has the password ${reader?.password}`,
);

// The public client needs no keys: it reads who the meter is, and what time it has.
const duplex = await tcpConnect("127.0.0.1", ports[0]?.port ?? 0);
const link = new WrapperClientLink({ client: 16, server: 1 });
const session = await connect({ duplex, link }, { clock: systemClock });
console.log(await session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 }));
console.log((await session.discover()).objects.map(({ instanceId, name }) => `${instanceId} ${name}`).join("\n"));
await session.release();
