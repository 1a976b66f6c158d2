// Options that every command with a meter has, and what it says when the meter does not answer as it should.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownMeter, peer } from "./own-meter.ts";
import { dlms, dlmsProcess, folder } from "./run.ts";

let meter: Awaited<ReturnType<typeof ownMeter>>;
const place = folder();
beforeAll(async () => {
  meter = await ownMeter();
});
afterAll(async () => {
  await meter.close();
  place[Symbol.dispose]();
});
const lls = ["--client", "32", "--auth", "lls", "--password", "reader-secret"];
const faultOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").fault;

describe("--trace", () => {
  it.each(["wrapper", "hdlc"] as const)("shows octets and APDUs of %s on stderr, and no password", async (link) => {
    const more = link === "hdlc" ? ["--physical", "17"] : [];
    const ran = await dlms(["read", meter.at(link), "1.0.1.8.0.255", "--trace", "--link", link, ...lls, ...more]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toContain("1234.5");
    expect(ran.stderr).toMatch(/^ +\d+ > [0-9a-f]+$/m);
    expect(ran.stderr).toMatch(/^ +\d+ < [0-9a-f]+$/m);
    expect(ran.stderr).toContain("1.0.1.8.0.255");
    expect(ran.stderr).toMatch(/aare/i);
    expect(ran.stderr).not.toContain(Buffer.from("reader-secret").toString("hex"));
    expect(ran.stderr).not.toContain("reader-secret");
  });
});

describe("what most likely went wrong, in order", () => {
  it("a wrong password", async () => {
    const who = ["--client", "32", "--auth", "lls", "--password", "wrong-secret"];
    const ran = await dlms(["read", meter.at("wrapper"), "--json", ...who]);
    expect(ran.code).toBe(1);
    const { code, hint } = faultOf(ran);
    expect(code).toBe("association-refused");
    expect(hint.split("\n")[0]).toMatch(/--password/);
    expect(hint).toContain("its own log");
  });

  it("a client without authentication, and one that is not there", async () => {
    const none = faultOf(await dlms(["read", meter.at("wrapper"), "--json", "--client", "48"]));
    expect(none.hint).toContain("--auth");
    const unknown = faultOf(await dlms(["read", meter.at("wrapper"), "--json", "--client", "99"]));
    expect(unknown.hint).toMatch(/--client 99|client 99/);
  });

  it("for people each cause has a line", async () => {
    const ran = await dlms(["read", meter.at("wrapper"), "--client", "48"]);
    expect(ran.stderr.match(/^ {2}try: /gm)?.length).toBeGreaterThan(1);
  });

  it("a port that speaks HTTP", async () => {
    const http = await peer((socket) => socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    const { code, hint } = faultOf(await dlms(["read", http.at, "--json"]));
    http.close();
    expect(code).toBe("link-broken");
    expect(hint).toContain("--link hdlc");
    expect(hint).toContain("HTTP");
  });
});

// Most of the time is spent waiting, so they wait at once.
describe.concurrent("a meter that does not answer", () => {
  it.each(["wrapper", "hdlc"])("over %s: a timeout in time, the socket is closed, the program ends", async (link) => {
    const silent = await peer((socket) => socket.resume());
    const ran = await dlmsProcess(["read", silent.at, "--json", "--link", link, "--timeout", "500"]);
    await silent.closed();
    silent.close();
    expect(ran.code).toBe(1);
    expect(["timeout", "link-lost"]).toContain(faultOf(ran).code);
    expect(faultOf(ran).hint).toMatch(/--server|address/);
    // The time that the client had set: 10 s by default. That it keeps it is for the tests in virtual time.
    expect(faultOf(ran).message).toContain("within 500 ms");
  });

  it("F31: that answers from another wPort is told, and --quirk takes it", async () => {
    // As if a meter answered from wPort 103.
    const other = await peer((socket) => {
      socket.on("data", () => socket.write(Buffer.from("000100670010000161", "hex")));
    });
    const { code, message, hint } = faultOf(await dlms(["read", other.at, "--json", "--timeout", "500"]));
    expect(code).toBe("timeout");
    expect(message).toContain("address");
    expect(hint).toContain("any-wport");
    const taken = faultOf(await dlms(["read", other.at, "--json", "--timeout", "500", "--quirk", "any-wport"]));
    other.close();
    expect(taken.message).not.toContain("address");
  });
});

/** A meter that opens an association and answers nothing else: how many GETs have come. */
async function openedAndSilent() {
  let gets = 0;
  const aare = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001a1d04b00007";
  const answering = await peer((socket) => {
    socket.on("data", (octets) => {
      const tag = octets[8];
      if (tag === 0x60) socket.write(Buffer.from(`000100010010002b${aare}`, "hex"));
      if (tag === 0xc0) gets++;
    });
  });
  return { ...answering, gets: () => gets };
}

describe.concurrent("a request without an answer", () => {
  it.each([0, 2])("is sent again as often as --retries %d says", async (retries) => {
    const meter = await openedAndSilent();
    const ran = await dlms([
      "read",
      meter.at,
      "3/1.0.1.8.0.255",
      "--json",
      "--timeout",
      "400",
      "--retries",
      `${retries}`,
    ]);
    meter.close();
    expect(faultOf(ran).code).toBe("timeout");
    expect(meter.gets()).toBe(1 + retries);
  });

  it("ends at --deadline, whatever --retries says", async () => {
    const meter = await openedAndSilent();
    const wait = ["--timeout", "400", "--retries", "50", "--deadline", "1000"];
    const ran = await dlms(["read", meter.at, "3/1.0.1.8.0.255", "--json", ...wait]);
    meter.close();
    expect(faultOf(ran)).toMatchObject({ code: "deadline-passed", layer: "client" });
    expect(meter.gets()).toBeGreaterThan(1);
    expect(meter.gets()).toBeLessThan(5);
  });
});
