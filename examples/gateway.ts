// Serves a gateway with three meters behind it, and reads all of them over one connection.
import { gatewayAddress, T } from "@dlmskit/apdu";
import { GatewayLine } from "@dlmskit/client";
import { Register, register } from "@dlmskit/cosem-objects";
import { gateway, type Meter, meter, none, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

const energy = "1.0.1.8.0.255";
const meterOf = (number: number): Meter =>
  meter({
    name: `ACM000000000000${number}`,
    objects: [register(energy, { type: T.doubleLongUnsigned, value: 1000 * number, unit: "Wh" })],
    associations: { open: { client: 16, security: none(), access: "read" } },
  });

const behind = { "1/00000001": meterOf(1), "1/00000002": meterOf(2), "1/00000003": meterOf(3) };
const wrapper = tcp(0, () => new WrapperServerLink());
await using listening = await serve(gateway({ behind }), { on: { wrapper } });
const { host, port } = listening.addresses.wrapper ?? { host: "127.0.0.1", port: 4059 };

const link = new WrapperClientLink({ client: 16, server: 1 });
const line = { duplex: await tcpConnect(host, port), link };
await using gate = await GatewayLine.open(line, { clock: systemClock });
const readings = Object.keys(behind).map(async (address) => {
  await using session = await gate.connect(gatewayAddress(address), {});
  const { value, unit } = await session.readScaled(Register, energy);
  return `${address}: ${value} ${unit}`;
});
for (const reading of await Promise.all(readings)) console.log(reading);
