// Read a meter: one value, several at once, a profile, all that it has; and a Fault where it says no.
import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { dateTimeText, Fault, fromAscii } from "@dlmskit/core";
import { createSimulator, parseKeysFile } from "@dlmskit/simulator";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink } from "@dlmskit/wrapper";

// A meter to read: client 32 comes with a password.
const keys = parseKeysFile({ clients: { 32: { password: "reader" } } });
await using simulator = await createSimulator({ seed: "read", keys });
const { ports } = await simulator.listen({ port: 0 });

const duplex = await tcpConnect("127.0.0.1", ports[0]?.port ?? 0);
const link = new WrapperClientLink({ client: 32, server: 1 });
const session = await connect({ duplex, link }, { clock: systemClock, mechanism: 1, secret: fromAscii("reader") });

const energy = { classId: 3, instanceId: "1.0.1.8.0.255" };
console.log(await session.get({ ...energy, attributeId: 2 })); // a Data: {type, value}
console.log(await session.read({ ...energy, attributeId: 3 }, T.structure({ scaler: T.integer, unit: T.enum })));
const voltage = { classId: 3, instanceId: "1.0.12.7.0.255", attributeId: 2 };
console.log(await session.get([voltage, { ...energy, attributeId: 2 }])); // a result for each, in one list

const day = 86_400_000;
const { columns, rows } = await session.profile("1.0.99.1.0.255", { from: Date.now() - day, to: Date.now() });
console.log(columns.map(({ name, instanceId, unit }) => `${name ?? instanceId} ${unit ?? ""}`));
console.log(
  `${rows.length} rows, the last: ${rows
    .at(-1)
    ?.map(({ value }) => JSON.stringify(value))
    .slice(1)}`,
);

const clock = { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 };
console.log(dateTimeText(await session.read(clock, T.dateTimeOctets)));
try {
  await session.set(clock, await session.get(clock));
} catch (caught) {
  if (caught instanceof Fault) console.log(caught.code, "–", caught.message);
}
await session.release();
