import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { register } from "@dlmskit/cosem-objects";
import { type HdlcAddress, Primary, Station } from "@dlmskit/hdlc";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { meter, none, serve, tcp } from "../src/index.ts";

const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" });
const made = meter({ name: "TST1", objects: [energy], associations: { open: { client: 16, security: none() } } });

it("serves a meter over TCP, wrapper and HDLC, and closes", async () => {
  await using running = await serve(made, {
    on: {
      wrapper: tcp(0, () => new WrapperServerLink()),
      hdlc: tcp(
        0,
        (knows) => new Station({ addresses: ({ upper }: HdlcAddress) => knows({ client: 0, server: upper }) }),
        { host: "127.0.0.1" },
      ),
    },
  });
  const { wrapper, hdlc } = running.addresses;
  expect(wrapper?.host).toBe("127.0.0.1");
  for (const [address, link] of [
    [wrapper, new WrapperClientLink({ client: 16, server: 1 })],
    [hdlc, new Primary({ client: 16, server: { upper: 1 } })],
  ] as const) {
    const duplex = await tcpConnect("127.0.0.1", address?.port ?? 0);
    const session = await connect({ duplex, link }, { clock: systemClock });
    expect(await session.read({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }, T.doubleLongUnsigned)).toBe(
      1234,
    );
    await session.release();
  }
});

it("reaches another meter on each port, where it is told to", async () => {
  const other = meter({ name: "TST2", objects: [], associations: { open: { client: 16, security: none() } } });
  const link = () => new WrapperServerLink();
  await using running = await serve(made, { on: { first: tcp(0, link), second: tcp(0, link, { meters: other }) } });
  const names: string[] = [];
  for (const { port } of Object.values(running.addresses)) {
    const duplex = await tcpConnect("127.0.0.1", port);
    const session = await connect(
      { duplex, link: new WrapperClientLink({ client: 16, server: 1 }) },
      { clock: systemClock },
    );
    names.push(
      new TextDecoder().decode(
        await session.read({ classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 }, T.octetString),
      ),
    );
    await session.release();
  }
  expect(names).toEqual(["TST1", "TST2"]);
});

it("closes what it had opened when a listener fails", async () => {
  await using first = await serve(made, { on: { wrapper: tcp(0, () => new WrapperServerLink()) } });
  const taken = first.addresses.wrapper?.port ?? 0;
  const second = serve(made, {
    on: { one: tcp(0, () => new WrapperServerLink()), two: tcp(taken, () => new WrapperServerLink()) },
  });
  await expect(second).rejects.toMatchObject({ code: "address-in-use" });
});
