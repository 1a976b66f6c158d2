import { decodeApdu } from "@dlmskit/apdu";
import { CounterGuard, CounterLedger, noble } from "@dlmskit/security";
import { describe, expect, it } from "vitest";
import { Initiator, type InitiatorOptions, type PlainTap, Responder, type ResponderOptions } from "../src/index.ts";
import { clientTitle, energy, everything, pseudoRandom, serverTitle } from "./bottle.ts";

const get = { service: "get", items: [energy] } as const;
const keys = { encryptionKey: pseudoRandom(11)(16), authenticationKey: pseudoRandom(12)(16) };

function counters(): CounterLedger {
  const made = new CounterLedger({ start: 0, block: 1000 });
  made.reserved(1000);
  return made;
}

/** Both ends of a ciphered association, with taps; gives what the client gets. */
function pair(taps: { client?: PlainTap; server?: PlainTap }) {
  const security = { suite: 0, keys, replay: new CounterGuard() };
  const common = { context: "logical-name", ciphered: true, mechanism: 5 } as const;
  const clientOptions: InitiatorOptions = {
    ...common,
    security: { ...security, replay: new CounterGuard(), counters: counters(), systemTitle: clientTitle },
    conformance: [...everything],
    maxReceivePduSize: 1024,
    provider: noble,
    random: pseudoRandom(1),
    timeout: 1000,
    ...(taps.client && { tap: taps.client }),
  };
  const policy = {
    ...{ authenticatedRequest: false, encryptedRequest: false, signedRequest: false },
    ...{ authenticatedResponse: false, encryptedResponse: false, signedResponse: false },
  };
  const serverOptions: ResponderOptions = {
    offer: {
      ...common,
      security: { ...security, counters: counters(), systemTitle: serverTitle, policy },
      conformance: [...everything],
      maxReceivePduSize: 1024,
    },
    provider: noble,
    random: pseudoRandom(2),
    ...(taps.server && { tap: taps.server }),
  };
  const [client, server] = [new Initiator(clientOptions), new Responder(serverOptions)];
  const said: unknown[] = [];
  let executed = 0;
  const run = () => {
    for (let moved = true; moved; ) {
      moved = false;
      for (let output = client.poll(); output !== undefined; output = client.poll()) {
        moved = true;
        if (output.type === "transmit") server.receive(output.pdu, 0);
        else said.push(output);
      }
      for (let output = server.poll(); output !== undefined; output = server.poll()) {
        moved = true;
        if (output.type === "transmit") client.receive(output.pdu, 0);
        else if (output.type === "request") {
          executed++;
          server.respond(output.incoming.id, [{ data: { type: "unsigned", value: 7 } }], 0);
        }
      }
    }
    return said;
  };
  const ask = () => {
    client.request(get, {}, 0);
    return run().at(-1);
  };
  client.open(0);
  run();
  return { client, server, run, ask, executed: () => executed };
}

describe("a tap at the plain APDU", () => {
  it("sees all that passes in plain, at either end alike", () => {
    const seen = { client: [] as string[], server: [] as string[] };
    const watching =
      (end: "client" | "server"): PlainTap =>
      (way, apdu) => {
        seen[end].push(`${way} ${decodeApdu(apdu).apdu}`);
        return apdu;
      };
    const both = pair({ client: watching("client"), server: watching("server") });
    expect(both.ask()).toMatchObject({ type: "response", results: [{ data: { value: 7 } }] });
    both.client.release(0);
    both.run();
    const names = ["aarq", "aare", "action-request-normal", "action-response-normal"];
    const expected = [...names, "get-request-normal", "get-response-normal", "rlrq", "rlre"];
    expect(seen.client).toEqual(expected.map((name, at) => `${at % 2 === 0 ? "sent" : "received"} ${name}`));
    expect(seen.server).toEqual(expected.map((name, at) => `${at % 2 === 0 ? "received" : "sent"} ${name}`));
  });

  it("replaces: what goes on is sealed, or served, as if it had been so", () => {
    const altered = pair({
      server: (way, apdu) => (way === "sent" && apdu[0] === 0xc4 ? apdu.with(apdu.length - 1, 9) : apdu),
    });
    expect(altered.ask()).toMatchObject({ type: "response", results: [{ data: { value: 9 } }] });
    const asked = pair({
      server: (way, apdu) => (way === "received" && apdu[0] === 0xc0 ? Uint8Array.of(0xc0, 9) : apdu),
    });
    expect(asked.ask()).toMatchObject({ type: "failed", fault: { code: "exception-response" } });
    const client = pair({ client: (way, apdu) => (way === "received" && apdu[0] === 0xc4 ? apdu.with(5, 3) : apdu) });
    expect(client.ask()).toMatchObject({ type: "response", results: [{ data: { value: 3 } }] });
  });

  it("drops: nothing is executed, or nothing comes, and the next passes", () => {
    let dropping = false;
    const tag =
      (wanted: number, way: "received" | "sent"): PlainTap =>
      (at, apdu) =>
        dropping && at === way && apdu[0] === wanted ? undefined : apdu;
    for (const [taps, executed] of [
      [{ server: tag(0xc0, "received") }, 0],
      [{ server: tag(0xc4, "sent") }, 1],
      [{ client: tag(0xc0, "sent") }, 0],
      [{ client: tag(0xc4, "received") }, 1],
    ] as const) {
      dropping = false;
      const both = pair(taps);
      dropping = true;
      both.ask();
      expect(both.executed()).toBe(executed);
      expect(both.client.deadline).toBe(1000);
      both.client.expire(1000);
      expect(both.run().at(-1)).toMatchObject({ type: "failed", fault: { code: "timeout" } });
      dropping = false;
      expect(both.ask()).toMatchObject({ type: "response" });
    }
  });

  it("drops an AARQ, an AARE, an exception", () => {
    const silent = pair({ server: (way) => (way === "received" ? undefined : new Uint8Array(0)) });
    expect(silent.server.state).toBe("idle");
    expect(silent.client.state).toBe("opening");
    const unheard = pair({ client: (way, apdu) => (way === "received" ? undefined : apdu) });
    expect(unheard.client.state).toBe("opening");
    const exceptions = pair({ server: (_, apdu) => (apdu[0] === 0xd8 ? undefined : apdu) });
    exceptions.server.receive(Uint8Array.of(0xc8, 0), 0);
    expect(exceptions.server.poll()).toMatchObject({ type: "refused" });
    expect(exceptions.server.poll()).toBeUndefined();
  });
});
