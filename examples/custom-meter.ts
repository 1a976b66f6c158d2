// A meter of one's own: registers, a load profile and two clients, served over TCP. examples/read-a-meter.ts is the other end.
import { T } from "@dlmskit/apdu";
import { clock, profileGeneric, register } from "@dlmskit/cosem-objects";
import { hls, meter, none, serve, tcp } from "@dlmskit/server";
import { WrapperServerLink } from "@dlmskit/wrapper";

const time = clock();
const energy = register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 0, unit: "Wh", scaler: -3 });
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
acme.every(1000, (now, elapsed) => {
  power.values.value = 400 + Math.round(300 * Math.sin((now / 86_400_000) * 2 * Math.PI));
  energy.values.value += Math.round((power.values.value * elapsed) / 3600);
});
await using running = await serve(acme, { on: { wrapper: tcp(0, () => new WrapperServerLink()) } });
console.log(acme.name, "listens on", running.addresses.wrapper);
