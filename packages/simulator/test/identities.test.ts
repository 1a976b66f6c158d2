import { connect, DurableCounters, readInvocationCounter } from "@dlmskit/client";
import { fromHex, toLatin1 } from "@dlmskit/core";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { describe, expect, it } from "vitest";
import {
  createSimulator,
  findIdentity,
  type IdentityRow,
  identitiesCsv,
  identitiesJson,
  identityLink,
  identityOptions,
  parseIdentities,
} from "../src/index.ts";

const systemTitle = fromHex("4845530000000001");
const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 };

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

/** Reads the name of the meter, as one of its clients, by nothing but its row. */
async function nameBy(row: IdentityRow, client: number): Promise<string> {
  const duplex = () => tcpConnect(row.host, row.port);
  const instanceId = row.clients.find((one) => one.client === client)?.invocationCounter;
  const seen =
    instanceId === undefined
      ? undefined
      : await readInvocationCounter(
          { duplex: await duplex(), link: identityLink(row, 16) },
          { clock: systemClock, instanceId },
        );
  const counters = new DurableCounters({ start: (seen ?? -1) + 1, reserve: () => undefined });
  const { link, options } = identityOptions(row, client, { systemTitle, counters });
  await using session = await connect({ duplex: await duplex(), link }, { clock: systemClock, ...options });
  const { value } = (await session.get(name)) as { value: Uint8Array };
  return toLatin1(value);
}

describe("an identities file", () => {
  it.each([
    ["csv", "wrapper"],
    ["json", "hdlc"],
  ] as const)("in %s leads from a row to an association, for each client, by %s", async (format, link) => {
    await using run = await createSimulator({ meters: 2, seed: "rows" });
    const { reached } = await run.listen({ link, port: 0 });
    const identities = run.identities({ reached: reached[0] as (typeof reached)[0] });
    const text = await textOf(format === "csv" ? identitiesCsv(identities) : identitiesJson(identities));
    const rows = [...parseIdentities(text, format)];
    expect(rows.map(({ serial }) => serial)).toEqual([run.fleet.serial(0), run.fleet.serial(1)]);
    for (const [index, row] of rows.entries()) {
      for (const client of [16, 32, 48]) {
        expect([client, await nameBy(row, client)]).toEqual([client, run.meter(index).name]);
      }
    }
    expect(findIdentity(text, format, run.fleet.serial(1))).toEqual(rows[1]);
    expect(findIdentity(text, format, "none")).toBeUndefined();
    // What a simulator gives is taken as it is.
    expect(await nameBy(await run.identity(1, reached[0]), 48)).toBe(run.meter(1).name);
  });

  it("says what is missing: a client, what it needs of its own, a column", async () => {
    await using run = await createSimulator({ seed: "rows" });
    const row = await run.identity(0);
    expect(() => identityOptions(row, 99)).toThrow(
      expect.objectContaining({ code: "bad-value", hint: "it has 16, 32, 48, 64, 80" }),
    );
    expect(() => identityOptions(row, 48)).toThrow(expect.objectContaining({ code: "missing-parameter" }));
    const file = (text: string, format: "csv" | "json") => () => [...parseIdentities(text, format)];
    const bad = (message: string) => expect.objectContaining({ code: "bad-identities-file", message });
    expect(file("{", "json")).toThrow(bad("it is not JSON"));
    expect(file("{}", "json")).toThrow(bad("it is not a list of meters"));
    expect(file("serial,host\r\n7,::1\r\n", "csv")).toThrow(bad("meter 7 lacks host, port, link or serverAddress"));
    expect(
      file('\uFEFFserial,host,port,link,serverAddress,client.1.password\r\n7,"a",1,hdlc,1,"x,""y"', "csv")(),
    ).toEqual([
      { serial: "7", host: "a", port: 1, link: "hdlc", serverAddress: 1, clients: [{ client: 1, password: 'x,"y' }] },
    ]);
  });
});
