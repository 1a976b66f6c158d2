// A prepayment meter: it counts credit down, warns, disconnects, takes a token from a client, and reconnects.
import { createHmac, timingSafeEqual } from "node:crypto";
import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { clock, prepayment, register, type TokenPort } from "@dlmskit/cosem-objects";
import { meter, none, SimulatedTime, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

// A token format for this example (not STS): identifier and amount, 4 octets each, and the first 8 octets of their HMAC-SHA256.
const mac = (body: Uint8Array) => createHmac("sha256", "the vending key").update(body).digest().subarray(0, 8);
function vend(identifier: number, amount: number): Uint8Array {
  const body = Buffer.alloc(8);
  body.writeUInt32BE(identifier);
  body.writeUInt32BE(amount, 4);
  return Buffer.concat([body, mac(body)]);
}
const tokens: TokenPort = {
  read(token) {
    if (token.length !== 16) return { result: "format-failure" };
    const body = Buffer.from(token.subarray(0, 8));
    if (!timingSafeEqual(mac(body), token.subarray(8))) return { result: "authentication-failure" };
    return { result: "valid", identifier: BigInt(body.readUInt32BE()), credits: BigInt(body.readUInt32BE(4)) };
  },
};

const start = Date.UTC(2026, 0, 1);
const consumed = (now: number) => Math.floor((now - start) / 3600); // 1 kW since then, in Wh
const energy = register(
  "1-0:1.8.0",
  { type: T.doubleLongUnsigned, value: 0, unit: "Wh" },
  { read: { value: (_, { now }) => consumed(now) } },
);
const payment = prepayment({
  commodity: energy,
  currency: { name: "EUR", scale: -2 }, // amounts in cents
  price: { value: 30, scale: -2, per: 3 }, // 0.30 for a kWh
  credit: 200,
  warningThreshold: 100,
  tokens,
  happened: (event, { now }) => console.log(new Date(now).toISOString().slice(11, 16), event),
});

const associations = { public: { client: 16, security: none(), access: "full" } } as const;
const objects = [clock(), energy, ...payment.objects];
const served = meter({ name: "PAY0000000000001", objects, associations });
const time = new SimulatedTime({ source: () => systemClock.now(), start });
await using running = await serve(served, { on: { wrapper: tcp(0, () => new WrapperServerLink()) }, time });
const duplex = await tcpConnect("127.0.0.1", running.addresses.wrapper?.port ?? 0);
await using session = await connect(
  { duplex, link: new WrapperClientLink({ client: 16, server: 1 }) },
  { clock: systemClock },
);

await time.step(start + 8 * 3_600_000);
const available = { classId: 111, instanceId: payment.account.instance, attributeId: 5 };
console.log("credit after 8 hours:", await session.read(available, T.doubleLong)); // 0: the supply is disconnected
const enter = { classId: 115, instanceId: payment.gateway.instance, methodId: 1 };
await session.invoke(enter, { type: "octet-string", value: vend(1, 1000) });
console.log("credit after a token of 10 EUR:", await session.read(available, T.doubleLong));
