import { T } from "@dlmskit/apdu";
import { toHex } from "@dlmskit/core";
import { dataObject } from "@dlmskit/cosem-objects";
import { meter, none, serve, type Tap, tcp } from "@dlmskit/server";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { dlms } from "./run.ts";

// The server of GuruxDLMS.c 9.0 sends the time of its clock with 18 octets behind it.
const longer: Tap = ({ at, way, octets }) =>
  at === "plain" && way === "sent" && toHex(octets).includes("0906612074696d65")
    ? { do: "replace", octets: Uint8Array.of(...octets, 9, 15) }
    : undefined;

it("an answer that cannot be decoded costs its own attribute, not the others", async () => {
  const made = meter({
    name: "TST0000000000001",
    objects: [
      dataObject("0.0.96.1.10.255", { type: T.octetString, value: new TextEncoder().encode("a time") }),
      dataObject("0.0.96.1.11.255", { type: T.longUnsigned, value: 5 }),
    ],
    associations: { public: { client: 16, security: none(), access: "read" } },
  });
  const on = { wrapper: tcp(0, () => new WrapperServerLink()) };
  await using running = await serve(made, { on, taps: [longer] });
  const { host, port } = running.addresses.wrapper as { host: string; port: number };
  const { code, stdout } = await dlms(["read", `${host}:${port}`]);
  expect(stdout).toMatch(/0\.0\.96\.1\.10\.255:2 +trailing-octets/);
  expect(stdout).toMatch(/0\.0\.96\.1\.11\.255:2 +5/);
  expect(code).toBe(1);
});
