// A meter of one's own: registers, a load profile, two clients, served over TCP; then read as any head-end system would.
import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { clock, profileGeneric, register } from "@dlmskit/cosem-objects";
import { hls, meter, none, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

const time = clock();
const energy = register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
const power = register("1-0:1.7.0", { type: T.doubleLongUnsigned, value: 400, unit: "W" });
const load = profileGeneric("1-0:99.1.0", { capture: [time, energy], period: 900, entries: 96 * 60 });

const acme = meter({
  name: "ACM0000000000001",
  objects: [time, energy, power, load],
  associations: {
    public: { client: 16, security: none(), access: "read" },
    admin: { client: 1, security: hls(3, "a long secret"), access: "full" },
  },
});
let wattHours = 0;
acme.every(1000, (now, elapsed) => {
  power.values.value = 400 + Math.round(300 * Math.sin((now / 86_400_000) * 2 * Math.PI));
  wattHours += (power.values.value * elapsed) / 3_600_000;
  energy.values.value = Math.floor(wattHours);
});
await using running = await serve(acme, { on: { wrapper: tcp(0, () => new WrapperServerLink()) } });

// The other end: what follows is a client, not part of the meter.
const { host = "", port = 0 } = running.addresses.wrapper ?? {};
console.log(`${acme.name} listens on ${host}:${port}`);
const line = { duplex: await tcpConnect(host, port), link: new WrapperClientLink({ client: 16, server: 1 }) };
const session = await connect(line, { clock: systemClock });
const watts = await session.read({ classId: 3, instanceId: "1.0.1.7.0.255", attributeId: 2 }, T.doubleLongUnsigned);
const { objects } = await session.discover();
console.log(`it draws ${watts} W and shows ${objects.length} objects to the public client`);
await session.release();
