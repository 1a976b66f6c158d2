import { fromHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { Turns } from "../src/session/turns.ts";

/** The order in which PDUs are served that came in this one while a request was under way. */
async function served(pdus: readonly string[], prioritised = true): Promise<number[]> {
  const order: number[] = [];
  const arrived = pdus.map((hex) => ({ pdu: fromHex(hex), broadcast: false }));
  const turns = new Turns({
    ...{ outstanding: 16, closed: false, idle: () => undefined, roomy: () => undefined },
    serve: (one) => order.push(arrived.indexOf(one) + 1),
  });
  const work = Promise.resolve();
  turns.block(work, () => undefined);
  for (const one of arrived) turns.wait(one, prioritised);
  await work;
  return order;
}

describe("PDUs that wait for their turn", () => {
  const normal = "c0014100030100010800ff0200";
  const high = "c001c200030100010800ff0200";

  it("are served in their order, but for those of high priority", async () => {
    expect(await served([normal, normal, high, normal, high])).toEqual([3, 5, 1, 2, 4]);
    expect(await served([normal, normal, high, normal, high], false)).toEqual([1, 2, 3, 4, 5]);
    expect(await served(["d940000001000000", "d9c0000002000000"])).toEqual([2, 1]);
  });

  it("keep their place where they go on with a transfer, are ciphered, or are no requests of a priority", async () => {
    const others = [
      ...["c0024100000001", "c1034101000000020100", "c1024100030100010800ff020000000000010100", "c3024100000001"],
      ...[
        "c81e30000000011160c10a03b37e3170842b09899fb31a3d7266c916bbe995fd",
        "0501020008",
        "6200",
        "e0010001000001c0",
        "c0",
        "",
      ],
    ];
    for (const other of others) {
      expect(await served([other, high]), other).toEqual([1, 2]);
      expect(await served([normal, other]), other).toEqual([1, 2]);
    }
  });
});
