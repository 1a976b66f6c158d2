// An interface class of one's own: declared as data, its types inferred, its behaviour beside it; then read, written, invoked.
import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { type Hooks, interfaceClass, object, refuse } from "@dlmskit/cosem-objects";
import { meter, none, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

const Lamp = interfaceClass({
  ...{ classId: 9001, version: 0, name: "Lamp" },
  attributes: { level: { id: 2, type: T.unsigned, access: "rw" }, hours: { id: 3, type: T.doubleLongUnsigned } },
  methods: { dim: { id: 1, argument: T.integer, result: T.unsigned } },
});
const hooks: Hooks<typeof Lamp> = {
  read: { hours: (_, { now }) => Math.floor((now - Date.UTC(2024, 0, 1)) / 3_600_000) },
  write: {
    level(values, level) {
      if (level > 100) throw refuse("other-reason");
      values.level = level;
    },
  },
  invoke: {
    dim(values, by) {
      values.level = Math.min(100, Math.max(0, values.level - by));
      return values.level;
    },
  },
};
const lamp = object(Lamp, "0-0:96.50.0", { level: 100, hours: 0 }, hooks);

const associations = { public: { client: 16, security: none(), access: "full" } } as const;
await using running = await serve(meter({ name: "LMP0000000000001", objects: [lamp], associations }), {
  on: { wrapper: tcp(0, () => new WrapperServerLink()) },
});
const duplex = await tcpConnect("127.0.0.1", running.addresses.wrapper?.port ?? 0);
const line = { duplex, link: new WrapperClientLink({ client: 16, server: 1 }) };
await using session = await connect(line, { clock: systemClock });
const level = { classId: 9001, instanceId: "0.0.96.50.0.255", attributeId: 2 };
await session.set(level, { type: "unsigned", value: 80 });
console.log(await session.invoke({ ...level, methodId: 1 }, { type: "integer", value: 30 })); // 50
console.log(await session.set(level, { type: "unsigned", value: 200 }).catch((fault) => fault.code)); // other-reason
