import { T } from "@dlmskit/apdu";
import { ControlMode, DisconnectControl, disconnectControl, Register, register } from "@dlmskit/cosem-objects";
import { meter, none, Server } from "@dlmskit/server";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { connect } from "../src/index.ts";

it("objects by class are read, written and acted on over a served meter", async () => {
  const clock = new VirtualClock();
  const served = meter({
    name: "ACM0000000000001",
    objects: [
      register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 12345, unit: "Wh", scaler: -1 }),
      disconnectControl(),
    ],
    associations: { open: { client: 16, security: none(), access: "full" } },
  });
  const [duplex, far] = memoryPair();
  const server = new Server({ meters: served, clock, random: (count) => new Uint8Array(count) });
  server.accept(far, new WrapperServerLink({}));
  const session = await connect({ duplex, link: new WrapperClientLink({ client: 16, server: 1 }) }, { clock });

  expect(await session.object(Register, "1-0:1.8.0").scaled()).toMatchObject({ value: 1234.5, unit: "Wh" });
  const control = session.object(DisconnectControl, "0-0:96.3.10");
  expect(await control.get("outputState")).toBe(true);
  await control.invoke("remoteDisconnect", 0);
  expect(await control.get("outputState")).toBe(false);
  await control.set("controlMode", ControlMode.none);
  expect(await control.get("outputState")).toBe(true);

  const { objects } = await session.discover();
  const found = objects.find(({ classId }) => classId === DisconnectControl.classId);
  if (found === undefined) throw new Error("the control is not listed");
  expect(await session.object(found).get("outputState")).toBe(true);
  await session.release();
});
