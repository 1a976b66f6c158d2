// Ten thousand meters of a kind in one process, behind one port: a template that all share, and what is each one's own.
import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { clock, register } from "@dlmskit/cosem-objects";
import { Meter, meterTemplate, none, type Route, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

const since = Date.UTC(2025, 0, 1);
const type = T.doubleLongUnsigned;
// A hook finds the meter that it is read in by its context; nothing in the template changes.
const wattsOf = (own: unknown): number => (own as { readonly watts: number }).watts;
const value = (_: unknown, { own, now }: { readonly own: unknown; readonly now: number }) =>
  Math.floor((wattsOf(own) * (now - since)) / 3_600_000);
const template = meterTemplate({
  objects: [clock(), register("1-0:1.8.0", { type, value: 0, unit: "Wh" }, { read: { value } })],
  associations: { public: { client: 16, security: none(), access: "read" } },
});
const meters = Array.from({ length: 10_000 }, (_, at) => {
  return new Meter(template, { name: `ACM${String(at).padStart(13, "0")}`, own: { watts: 200 + (at % 300) } });
});

// The server address counts the meters from 1; an address that leads nowhere is not answered.
const route: Route = ({ server }) => {
  const found = meters[server - 1];
  return found && { meter: found, device: 1 };
};
await using running = await serve(route, { on: { wrapper: tcp(0, () => new WrapperServerLink()) } });

for (const server of [1, 42, 10_000]) {
  const duplex = await tcpConnect("127.0.0.1", running.addresses.wrapper?.port ?? 0);
  const link = new WrapperClientLink({ client: 16, server });
  await using session = await connect({ duplex, link }, { clock: systemClock });
  const energy = await session.read({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }, type);
  console.log(`meter ${server}: ${energy} Wh`);
}
