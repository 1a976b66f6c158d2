import { once } from "node:events";
import { connect } from "node:net";
import { encode, fromAscii, fromHex, toHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger, Protection } from "@dlmskit/security";
import { node } from "@dlmskit/security/node";
import { Wpdu } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { serving } from "./run.ts";

const keys = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };

/** A push as somebody records it on the line. */
function recordedPush(): Uint8Array {
  const counters = new CounterLedger({ start: 7 });
  counters.reserved(10);
  const protection = new Protection({
    ...{ provider: node, suite: 0, keys, systemTitle: fromAscii("MMM00001"), counters, replay: new CounterGuard() },
    peerSystemTitle: fromAscii("HES00001"),
  });
  // Long-invoke-id 1, no date-time, a structure of one unsigned.
  const notification = fromHex("0f000000010002011105");
  const pdu = protection.seal(notification, { form: "general-glo", authenticated: true, encrypted: true });
  return encode(Wpdu, { source: 1, destination: 48, pdu });
}

it("refuses a push that it heard before as long as it runs, and hears it once more after a restart", async () => {
  const push = recordedPush();
  const args = ["--ek", toHex(keys.encryptionKey), "--ak", toHex(keys.authenticationKey), "--json"];
  for (let run = 0; run < 2; run++) {
    await using listener = await serving(["listen", "127.0.0.1:0", ...args]);
    const { port } = JSON.parse(listener.lines[0] as string);
    for (let time = 1; time <= 2; time++) {
      const socket = connect(port, "127.0.0.1");
      socket.end(push);
      await once(socket, "close");
      for (let waited = 0; waited < 400 && listener.output().length <= time; waited++) {
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
    expect(
      listener
        .output()
        .slice(1)
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { event: "push", longInvokeId: 1, verified: true },
      { event: "dropped", code: "invocation-counter" },
    ]);
  }
});
