import { decodeApdu, encodeApdu } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import type { Client } from "../a-client.ts";
import { Case, getOf, how, reaction, readOf, seal, secret, told } from "./case.ts";
import { clientTitle, provider } from "./parties.ts";

type Aarq = Extract<ReturnType<typeof decodeApdu>, { apdu: "aarq" }>;
type Aare = Extract<ReturnType<typeof decodeApdu>, { apdu: "aare" }>;

/** What a client would send first, as something to change. */
async function aarqOf(client: Client): Promise<Aarq> {
  let sent: Uint8Array | undefined;
  client.pump.send = (pdu) => {
    sent ??= pdu;
  };
  await client.open();
  return decodeApdu(sent as Uint8Array) as Aarq;
}

describe("S34", () => {
  it("takes as long for a secret that is wrong at its end as for one that is wrong at its start", () => {
    // The comparison that every mechanism ends in; what it costs beyond is the same octets hashed or ciphered.
    const wrong = [secret.with(0, 0), secret.with(15, 0)] as const;
    const times: [number[], number[]] = [[], []];
    const repeat = 400;
    for (let sample = 0; sample < 3000; sample++) {
      const which = Math.random() < 0.5 ? 0 : 1;
      const begun = process.hrtime.bigint();
      for (let at = 0; at < repeat; at++) provider.sameSecret(secret, wrong[which]);
      times[which].push(Number(process.hrtime.bigint() - begun));
    }
    const cut = times.map((all) => all.toSorted((a, b) => a - b).slice(0, Math.floor(all.length * 0.7)));
    const mean = cut.map((all) => all.reduce((sum, one) => sum + one, 0) / all.length) as [number, number];
    const variance = cut.map(
      (all, at) => all.reduce((sum, one) => sum + (one - (mean[at] as number)) ** 2, 0) / all.length,
    );
    const t =
      Math.abs(mean[0] - mean[1]) /
      Math.sqrt(variance.reduce((sum, one, at) => sum + one / (cut[at] as number[]).length, 0));
    // The machine is shared: a difference that could be used would be some hundredths of the time, and no accident.
    expect(t < 4.5 || Math.abs(mean[0] - mean[1]) / mean[0] < 0.02, `t = ${t}`).toBe(true);
  });
});

describe("S35", () => {
  it("takes challenges of 8 to 64 octets, none that is its own, and repeats none", { timeout: 60_000 }, async () => {
    for (const [length, result] of [
      [7, "rejected-permanent"],
      [8, "accepted"],
      [64, "accepted"],
      [65, "rejected-permanent"],
      [0, "rejected-permanent"],
    ] as const) {
      const one = new Case();
      const aarq = await aarqOf(one.client());
      const value = Uint8Array.from({ length }, (_, at) => at);
      const pdu = encodeApdu({ ...aarq, callingAuthenticationValue: { choice: "charstring", value } });
      const aare = decodeApdu((await one.bench.client({ client: 48 }).raw(pdu)) as Uint8Array) as Aare;
      expect(aare.result, `${length} octets`).toBe(result);
    }
    const same = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
    const mirror = new Case({ server: { random: () => same } });
    const aarq = await aarqOf(mirror.client());
    const pdu = encodeApdu({ ...aarq, callingAuthenticationValue: { choice: "charstring", value: same } });
    const refused = decodeApdu((await mirror.bench.client({ client: 48 }).raw(pdu)) as Uint8Array) as Aare;
    expect(refused.result).toBe("rejected-permanent");
    const seen = new Set<string>();
    const one = new Case({ mechanism: 3, ciphered: false });
    const client = one.client();
    const first = encodeApdu(await aarqOf(one.client()));
    for (let at = 0; at < 1000; at++) {
      client.pump.send(first);
      await one.bench.settle(1);
    }
    for (const pdu of client.received) {
      const { respondingAuthenticationValue: value } = decodeApdu(pdu) as Aare;
      if (value?.choice === "charstring") seen.add(toHex(value.value));
    }
    expect(client.received.length).toBe(1000);
    expect(seen.size).toBe(1000);
  });

  it("refuses a source of randomness that does not work, and opens nothing", async () => {
    for (const broken of [() => new Uint8Array(16), (count: number) => new Uint8Array(count).fill(7)]) {
      const one = new Case({ server: { random: broken } });
      expect((await one.open()).opened).toBe(false);
    }
  });
});

describe("S36", () => {
  it("takes pass 3 on the link of passes 1 and 2 alone", async () => {
    for (const mechanism of [2, 3, 4, 5, 6] as const) {
      const one = new Case({ mechanism, ciphered: mechanism === 5 });
      const victim = one.client();
      let pass3: Uint8Array | undefined;
      const send = victim.pump.send.bind(victim.pump);
      victim.pump.send = (pdu) => {
        if (pdu[0] === 0x60) send(pdu);
        else pass3 = pdu;
      };
      await victim.open();
      expect(victim.opened).toBe(false);
      const thief = one.bench.client({ client: 48 });
      expect(await told(thief, pass3 as Uint8Array)).toMatch(reaction);
      expect(await told(thief, getOf())).toMatch(reaction);
      // Pending is not associated, and a pass 3 is good for one answer.
      expect(await told(victim, getOf())).toMatch(reaction);
      if (mechanism !== 5) continue;
      expect(await told(victim, seal(getOf(), [how]))).toMatch(reaction);
    }
  });
});

describe("S37", () => {
  it("does not tell of objects of class 30 (data protection), which it has not, and refuses them", async () => {
    const client = await new Case().open();
    expect(await client.get([30, "0.0.43.2.0.255", 2])).toEqual([{ error: "object-undefined" }]);
    expect(await client.invoke(30, "0.0.43.2.0.255", 1)).toBe("object-undefined");
    expect(await readOf(client)).toEqual({ type: "unsigned", value: 5 });
    expect(toHex(clientTitle)).toBe(toHex(fromHex("434c493030303031")));
  });
});
