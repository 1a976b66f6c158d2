import type { Referencing } from "@dlmskit/association";
import { fromAscii } from "@dlmskit/core";

import { type AnyObject, type MethodSpec, rightsOf } from "@dlmskit/cosem-objects";
import { CounterGuard, CounterLedger } from "@dlmskit/security";
import { hls5, lls, meter, none, Server } from "@dlmskit/server";
import { memoryPair } from "@dlmskit/transport";
import { systemClock } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { everyObject } from "../../../test/every-class.ts";
import { rightsMismatches, stateOf, takesAny } from "../../../test/rights-mismatches.ts";
import { connect, type Session } from "../src/index.ts";

const keys = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };
const invoked: string[] = [];
/** An object whose methods all do something: they tell that they ran. */
const acting = (object: AnyObject): AnyObject => ({
  ...object,
  hooks: {
    ...object.hooks,
    invoke: Object.fromEntries(
      Object.keys(object.spec.methods).map((name) => [name, () => void invoked.push(`${object.spec.name}.${name}`)]),
    ),
  },
});
const objects = everyObject().map(acting);
const open = new Set(
  objects.flatMap(({ spec }) =>
    Object.entries(spec.methods as Record<string, MethodSpec>)
      .filter(([, { argument }]) => takesAny(argument))
      .map(([name]) => `${spec.name}.${name}`),
  ),
);

/** Rights told by hand, another mode for each attribute and method. */
const byHand = (version: 0 | 1 | 2 | 3) =>
  rightsOf(
    objects.map(({ spec, instance }, at) => ({
      instance,
      attributes: Object.fromEntries(
        Object.values(spec.attributes as Record<string, { id: number }>).map(({ id }) => [id, (at + id) % 4]),
      ),
      methods: Object.fromEntries(
        Object.values(spec.methods as Record<string, { id: number }>).map(({ id }) => [id, (at + id + version) % 2]),
      ),
    })),
    rightsOf([{ instance: "0.0.40.0.0.255", attributes: { 1: "read-only", 2: "read-only" } }]),
  );

function everyMeter() {
  const own = meter({
    name: "ALL0000000000001",
    objects,
    referencing: "either",
    associations: {
      public: { client: 16, security: none(), access: "public" },
      reader: { client: 32, security: lls("reader-secret"), access: "read" },
      open: { client: 1, security: none(), access: "full" },
      utility: { client: 48, security: hls5(keys), access: "full" },
      ...Object.fromEntries(
        ([0, 1, 2, 3] as const).map((version) => [
          `hand${version}`,
          { client: 50 + version, security: none(), access: byHand(version), version },
        ]),
      ),
    },
  });
  return { own, all: [...(own.template.devices.get(1)?.objects ?? [])] };
}

/** Of the objects, those that have short names: a client sees its Association LN as Association SN. */
const reached = (all: readonly AnyObject[], referencing: Referencing): readonly AnyObject[] =>
  referencing === "logical-name"
    ? all
    : all.filter(({ spec, instance }) => spec.classId !== 15 || !instance.startsWith("0.0.40."));

async function opened(server: Server, client: number, referencing: Referencing = "logical-name"): Promise<Session> {
  const [duplex, far] = memoryPair();
  server.accept(far, new WrapperServerLink({}));
  const counters = new CounterLedger({ start: 1 });
  counters.reserved(0x10000000);
  const security = {
    suite: 0 as const,
    keys,
    counters,
    replay: new CounterGuard(),
    systemTitle: fromAscii("CLI00001"),
  };
  return connect(
    { duplex, link: new WrapperClientLink({ client, server: 1 }) },
    {
      clock: systemClock,
      referencing,
      ...(client === 32 ? { mechanism: 1 as const, secret: fromAscii("reader-secret") } : {}),
      ...(client === 48 ? { mechanism: 5 as const, ciphered: true, security } : {}),
    },
  );
}

describe("a meter of every class version", () => {
  const clients = [16, 32, 1, 48, 50, 51, 52, 53];
  const both = (["logical-name", "short-name"] as const).flatMap((referencing) =>
    clients.map((client) => [client, referencing] as const),
  );
  it.each(both)(
    "O9: does for client %i, by %s, what its object list declares, and no more",
    {
      timeout: 120_000,
    },
    async (client, referencing) => {
      const { own, all } = everyMeter();
      const server = new Server({
        meters: own,
        clock: systemClock,
        random: (count) => crypto.getRandomValues(new Uint8Array(count)),
      });
      await using session = await opened(server, client, referencing);
      await using reader = await opened(server, 1);
      const before = await stateOf(reader, objects);
      invoked.length = 0;
      const { mismatches, granted, denied } = await rightsMismatches(session, reader, reached(all, referencing));
      expect(mismatches).toEqual([]);
      expect(granted).toBeGreaterThan(client === 16 ? 4 : 800);
      expect(denied).toBeGreaterThan(800);
      // A wrong type ends before the method, unless it takes any.
      expect(invoked.filter((method) => !open.has(method))).toEqual([]);
      expect(await stateOf(reader, objects)).toEqual(before);
      await server.close();
    },
  );
});
