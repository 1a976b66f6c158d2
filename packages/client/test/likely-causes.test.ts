// What the hint of a Fault of `connect` lists: the likely causes, the likeliest first.
import { Fault, fromHex } from "@dlmskit/core";
import { Primary } from "@dlmskit/hdlc";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect, likelyCauses } from "../src/index.ts";
import { FakeMeter, register, settle } from "./fake-meter.ts";

const asked = { mechanism: 1, ciphered: false, context: "logical-name" } as const;
const refused = (detail: string) => new Fault("association-refused", "refused", { layer: "association", detail });
const caught = (opening: Promise<unknown>): Promise<Fault> =>
  opening.then(
    () => Promise.reject(new Error("it was opened")),
    (fault: Fault) => fault,
  );

/** Connects to a peer that answers nothing, until the timeout of 1 s. */
async function unanswered(link: Primary | WrapperClientLink, options: Partial<ConnectOptions> = {}): Promise<Fault> {
  const clock = new VirtualClock();
  const [duplex, peer] = memoryPair();
  peer.start({ received: () => undefined, ended: () => peer.end(), closed: () => undefined });
  const failed = caught(connect({ duplex, link }, { clock, timeout: 1000, ...options }));
  await settle();
  await clock.advance(1000);
  return failed;
}

describe("likely causes", () => {
  it.each([
    [refused("authentication-failure"), ["wrong-secret", "locked-out", "wrong-mechanism"]],
    [refused("authentication-required"), ["wrong-mechanism", "wrong-client"]],
    [refused("application-context-name-not-supported"), ["needs-ciphering", "wrong-referencing"]],
    [refused("calling-ap-title-not-recognized"), ["wrong-system-title", "wrong-secret"]],
    [refused("no-reason-given"), ["unknown-client", "wrong-secret", "wrong-server", "locked-out"]],
    [new Fault("bad-tag", "wrong", { layer: "security" }), ["wrong-secret", "wrong-server-title"]],
    [new Fault("connection-reset", "reset", { layer: "transport" }), ["closed-by-meter", "wrong-link"]],
    [new Fault("timeout", "late", { layer: "association" }), ["wrong-address", "wrong-link", "slow-line"]],
    [new Fault("timeout", "late", { layer: "association", cause: refused("") }), ["slow-line"]],
    [new Fault("connection-refused", "no", { layer: "transport" }), []],
  ])("of %s", (fault, causes) => {
    expect(likelyCauses(fault, asked)).toEqual(causes);
  });

  it("of a refusal depend on what was asked for", () => {
    const none = { ...asked, mechanism: 0 } as const;
    expect(likelyCauses(refused("no-reason-given"), none)).toContain("needs-authentication");
    const ciphered = { ...asked, ciphered: true };
    expect(likelyCauses(refused("application-context-name-not-supported"), ciphered)[0]).toBe("no-ciphering");
  });
});

describe("the hint of a Fault of connect", () => {
  it("has a line for each cause of a timeout", async () => {
    const fault = await unanswered(new WrapperClientLink({ client: 16, server: 1 }));
    expect(fault.hint?.split("\n")).toEqual([
      expect.stringMatching(/client or server address/),
      expect.stringMatching(/HDLC or the wrapper/),
      expect.stringMatching(/`timeout` \(now 1000 ms\)/),
    ]);
    expect(String(fault).match(/^ {2}try: /gm)).toHaveLength(3);
  });

  it("keeps what the link says, before the causes", async () => {
    const link = new Primary({ client: 16, server: { upper: 1, lower: 17 }, timeout: 100, retries: 1 });
    const fault = await unanswered(link);
    expect(fault.code).toBe("link-lost");
    expect(fault.hint?.split("\n")).toEqual([
      expect.stringMatching(/snrm-with-parameters/),
      expect.stringMatching(/know the client or server address/),
      expect.stringMatching(/HDLC or the wrapper/),
    ]);
  });

  it("of a refusal names the options of connect, or what the program calls them", async () => {
    const meter = register(new FakeMeter({ mechanism: 1, secret: fromHex("30303030") }), "1.0.1.8.0.255", 1, 0, 30);
    const options = { mechanism: 1, secret: fromHex("31313131") } as const;
    const fault = await caught(connect(meter.line(), meter.options(options)));
    expect(fault).toMatchObject({ code: "association-refused", detail: "authentication-failure" });
    expect(fault.hint?.split("\n")).toEqual([
      "`secret` must be that of this client",
      expect.stringMatching(/for some time after wrong passwords/),
      expect.stringMatching(/another `mechanism` than 1/),
    ]);
    const named = await caught(
      connect(meter.line(), meter.options({ ...options, causeText: (cause) => `<${cause}>` })),
    );
    expect(named.hint).toBe("<wrong-secret>\n<locked-out>\n<wrong-mechanism>");
    expect(named).toMatchObject({ code: "association-refused", detail: "authentication-failure" });
    expect(named.cause).toBeUndefined();
  });
});
