import { gatewayAddress, withGatewayPrefix } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { clock, communicationPortProtection } from "@dlmskit/cosem-objects";
import { expect, it } from "vitest";
import { gateway, Meter, meterTemplate, none } from "../src/index.ts";
import { Bench } from "./a-client.ts";

const locked = communicationPortProtection("0.0.44.2.0.255", { portReference: "0.0.25.0.0.255", mode: 0 });
const template = meterTemplate({
  objects: [clock(), locked],
  associations: { public: { client: 16, security: none(), access: "read" } },
});
const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400001e1dffff");
const unconfirmedGet = fromHex("c00181000100002a0000ff0200");

it("22.4: a meter behind a gateway whose port is locked is answered for by the gateway, loaded or not", async () => {
  const bench = new Bench(gateway({ behind: { "1/1": new Meter(template, { name: "LOCK1" }) } }));
  const client = bench.client();
  const ask = async (pdu: Uint8Array): Promise<string[]> => {
    client.pump.send(withGatewayPrefix("request", gatewayAddress("1/1"), pdu));
    await bench.settle(20);
    return client.received.splice(0).map((one) => toHex(one));
  };
  for (let time = 1; time <= 3; time++) expect(await ask(aarq)).toEqual(["e7010131d80101"]);
  expect(await ask(unconfirmedGet)).toEqual([]);
  expect(bench.events).toContainEqual(
    expect.objectContaining({ type: "refused", fault: expect.objectContaining({ code: "port-locked" }) }),
  );
});
