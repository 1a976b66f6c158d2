import { fromHex } from "@dlmskit/core";
import { communicationPortProtection } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { Meter, meterTemplate, none } from "../src/index.ts";
import { Bench } from "./a-client.ts";

const associations = { public: { client: 16, security: none(), access: "read" as const } };
const locked = communicationPortProtection("0.0.44.2.0.255", { portReference: "0.0.25.0.0.255", mode: 0 });
const meterOf = (name: string, objects: (typeof locked)[]): Meter =>
  new Meter(meterTemplate({ objects, associations }), { name });
/** An APDU from client 16 to a meter of the line. */
const to = (meter: number, apdu: string): Uint8Array =>
  fromHex(`00010010000${meter}00${(apdu.length / 2).toString(16).padStart(2, "0")}${apdu}`);
const aarq = "601da109060760857405080101be10040e01000000065f1f0400001e1dffff";
const getName = "c001c1000100002a0000ff0200";

describe("one line with several meters", () => {
  function line() {
    const [free, guarded] = [meterOf("FREE1", []), meterOf("LOCK1", [locked])];
    const bench = new Bench(({ server }) =>
      server === 1 || server === 2 ? { meter: server === 1 ? free : guarded, device: 1 } : undefined,
    );
    const duplex = bench.plug();
    const seen: string[] = [];
    duplex.start({
      received: (octets) => void seen.push(Buffer.from(octets).toString("hex")),
      closed: () => void seen.push("closed"),
    });
    const ask = async (octets: Uint8Array): Promise<string[]> => {
      duplex.send(octets);
      await bench.settle();
      return seen.splice(0);
    };
    return { bench, ask };
  }

  it("22.4: a port that is locked keeps its client out, and the sessions of other meters go on", async () => {
    const { bench, ask } = line();
    expect((await ask(to(1, aarq))).join()).toMatch(/^0001000100100.*61/);
    expect(await ask(to(2, aarq))).toEqual([]);
    expect((await ask(to(1, getName))).join()).toContain("c401c100090546524545");
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: "refused", fault: expect.objectContaining({ code: "port-locked" }) }),
    );
    expect(await ask(to(2, aarq))).toEqual([]);
    expect((await ask(to(1, getName))).join()).toContain("c401c100090546524545");
  });

  it("22.4: a connection that serves nobody else is closed", async () => {
    expect(await line().ask(to(2, aarq))).toEqual(["closed"]);
  });
});
