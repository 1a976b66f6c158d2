// An interface class of one's own, with a method and a due time: declared as data, then served, written, invoked, and acting in time.
import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { defaultObject, interfaceClass } from "@dlmskit/cosem-objects";
import { meter, none, SimulatedTime, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

const hour = 3_600_000;
const Lamp = interfaceClass({
  ...{ classId: 8192, version: 0, name: "Lamp" },
  attributes: {
    level: { id: 2, type: T.unsigned, static: true, unit: "%", range: [0, 100], default: 80 },
    hours: { id: 3, type: T.doubleLongUnsigned, static: false, unit: "h" },
  },
  methods: { dim: { id: 1, argument: T.integer, result: T.unsigned } },
  time: {
    next: ({ level }, _context, after) => (level > 0 ? (Math.floor(after / hour) + 1) * hour : undefined),
    run: (values) => values.hours++,
    missed: "each",
  },
});
const dim = (values: { level: number }, by: number) => (values.level = Math.min(100, Math.max(0, values.level - by)));
const lamp = defaultObject(Lamp, "0-0:96.50.0", {}, { invoke: { dim } });

const associations = { public: { client: 16, security: none(), access: "full" } } as const;
const lit = meter({ name: "LMP0000000000001", objects: [lamp], associations });
const time = new SimulatedTime({ source: () => systemClock.now(), start: Date.UTC(2026, 0, 1) });
await using running = await serve(lit, { on: { wrapper: tcp(0, () => new WrapperServerLink()) }, time });
const duplex = await tcpConnect("127.0.0.1", running.addresses.wrapper?.port ?? 0);
const line = { duplex, link: new WrapperClientLink({ client: 16, server: 1 }) };
await using session = await connect(line, { clock: systemClock });
const level = { classId: 8192, instanceId: "0.0.96.50.0.255", attributeId: 2 };
console.log(await session.invoke({ ...level, methodId: 1 }, { type: "integer", value: 30 })); // 50
console.log(await session.set(level, { type: "unsigned", value: 200 }).catch((fault) => fault.code)); // other-reason
await time.step(Date.UTC(2026, 0, 2));
console.log(await session.read({ ...level, attributeId: 3 }, T.doubleLongUnsigned)); // 24
