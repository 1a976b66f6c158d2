// H43 again over a real TCP socket, as behind a serial device server.
import { fromAscii, type Link, toLatin1 } from "@dlmskit/core";
import { Primary, Station } from "@dlmskit/hdlc";
import { type Duplex, LinkPump } from "@dlmskit/transport";
import { systemClock, tcpConnect, tcpListen } from "@dlmskit/transport/node";
import { expect, it } from "vitest";
import { ModeEClient, ModeEServer } from "../src/index.ts";

/** The baud rates that a link asks its line for. */
function rated(duplex: Duplex): { readonly duplex: Duplex; readonly rates: number[] } {
  const rates: number[] = [];
  duplex.changeBaudRate = (rate) => void rates.push(rate);
  return { duplex, rates };
}

async function over(enhanced: string) {
  const meter: { rates: number[] } = { rates: [] };
  const listener = await tcpListen({
    port: 0,
    accept(accepted) {
      const { duplex, rates } = rated(accepted);
      meter.rates = rates;
      const link = new ModeEServer({
        link: new Station({ addresses: [{ upper: 1 }] }),
        identification: { manufacturer: "XXX", baudRate: "5", enhanced, identification: "METER" },
        deviceAddress: "12345",
        readout: () => [],
        silence: 300,
      });
      const pump = new LinkPump<Link>({ link, duplex, clock: systemClock });
      pump.start({ received: (pdu, address) => pump.send(pdu, address), closed: () => undefined });
    },
  });
  const { duplex, rates } = rated(await tcpConnect("127.0.0.1", listener.port));
  const link = new ModeEClient({ link: new Primary({ client: 16, server: { upper: 1 } }) });
  const pump = new LinkPump({ link, duplex, clock: systemClock });
  return { listener, meter, rates, pump };
}

it("H43 over TCP: sign-on, change of the baud rate at both ends, HDLC, and back to 300 baud after the link", async () => {
  const { listener, meter, rates, pump } = await over("2");
  const answer = await new Promise<string>((resolve, reject) => {
    pump.start({
      connected: () => pump.send(fromAscii("over TCP")),
      received: (pdu) => resolve(toLatin1(pdu)),
      disconnected: (_, __, fault) => reject(fault),
      closed: reject,
    });
    pump.connect();
  });
  expect(answer).toBe("over TCP");
  expect([rates, meter.rates]).toEqual([[300, 9600], [9600]]);
  pump.close();
  await expect.poll(() => meter.rates).toEqual([9600, 300]);
  await listener.close();
});

it("H43 over TCP: a meter that does not offer mode E is told, and takes the next sign-on", async () => {
  const { listener, pump, meter } = await over("");
  const why = await new Promise<string | undefined>((resolve) => {
    pump.start({
      received: () => undefined,
      disconnected: (_, __, fault) => resolve(fault?.code),
      closed: () => resolve("closed"),
    });
    pump.connect();
  });
  expect([why, meter.rates]).toEqual(["mode-not-offered", []]);
  pump.destroy();
  await listener.close();
});
