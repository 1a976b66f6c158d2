import { readFileSync } from "node:fs";
import type { ApduQuirk } from "@dlmskit/apdu";
import { Data } from "@dlmskit/apdu";
import { type Fault, fromHex, type Link } from "@dlmskit/core";
import { UnnumberedLink } from "@dlmskit/hdlc";
import { MbusPushLink } from "@dlmskit/mbus";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { type PushKeys, PushListener, type ReceivedPush } from "../src/index.ts";

interface Vector {
  readonly id: string;
  readonly transport: "hdlc" | "wrapper" | "mbus" | "apdu";
  readonly hex: string;
  readonly valid: boolean;
  readonly keys?: { readonly encryptionKey?: string; readonly authenticationKey?: string | null };
  readonly decoded: {
    readonly apdu?: { readonly apdu: string; readonly body?: unknown; readonly value?: unknown };
    readonly values?: readonly {
      readonly obis?: string;
      readonly value: unknown;
      readonly scaler?: number;
      readonly unit?: number;
    }[];
  };
}

const file = new URL("../../../test-vectors/push-captures.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { readonly vectors: readonly Vector[] };
const heard = vectors.filter(({ transport }) => transport !== "apdu");
/** Its second frame is still to come. */
const unfinished = "push-kaifa-009";
const quirks: readonly ApduQuirk[] = ["date-time-with-data-tag", "untyped-attribute-descriptors"];

/** What a listener hears of the octets of a capture, cut in two. */
async function hear({ transport, hex, keys }: Vector): Promise<{ received: ReceivedPush[]; dropped: Fault[] }> {
  const clock = new VirtualClock();
  const received: ReceivedPush[] = [];
  const dropped: Fault[] = [];
  const { encryptionKey, authenticationKey } = keys ?? {};
  const known: PushKeys | undefined =
    encryptionKey === undefined
      ? undefined
      : {
          encryptionKey: fromHex(encryptionKey),
          ...(authenticationKey ? { authenticationKey: fromHex(authenticationKey) } : {}),
          accept: ["encryption-only"],
        };
  const link = (): Link => {
    if (transport === "mbus") return new MbusPushLink();
    return transport === "hdlc"
      ? new UnnumberedLink({ end: "client", quirks: ["blocks-without-llc", "information-frames"] })
      : new WrapperServerLink({ end: "client" });
  };
  const listener = new PushListener({
    ...{ clock, link, quirks, confirm: false },
    keys: () => known,
    received: (push) => void received.push(push),
    dropped: (fault) => void dropped.push(fault),
  });
  const [meter, here] = memoryPair({ clock });
  listener.accept(here);
  meter.start({ received: () => undefined, closed: () => undefined });
  const octets = fromHex(hex);
  meter.send(octets.slice(0, 20));
  meter.send(octets.slice(20));
  await clock.advanceAsync(10);
  return { received, dropped };
}

describe("pushes that were captured from meters", () => {
  it.each(heard.map((vector) => [vector.id, vector] as const))("%s", async (_, vector) => {
    const { received, dropped } = await hear(vector);
    const { apdu, values = [] } = vector.decoded;
    if (apdu === undefined) {
      // Octets that are spoilt, or ciphered under a key that was not published.
      expect(received).toEqual([]);
      if (vector.id !== unfinished) expect(dropped.length).toBeGreaterThan(0);
      return;
    }
    expect(dropped.map(({ message }) => message)).toEqual([]);
    expect(received).toHaveLength(1);
    const [push] = received as [ReceivedPush];
    expect(push.kind).toBe(apdu.apdu.replace("-request", ""));
    expect(Data.toJson(push.data)).toEqual(apdu.body ?? apdu.value);
    if (values.length === 0) return;
    const told = push.values.map(({ instanceId, value, scaled, unit }) => ({
      obis: instanceId,
      value: Data.toJson(value),
      scaled,
      hasUnit: unit !== undefined,
    }));
    expect(told).toEqual(
      values.map(({ obis, value, scaler, unit }) => ({
        obis,
        value,
        scaled: scaler === undefined ? undefined : Number(`${(value as { value: number }).value}e${scaler}`),
        hasUnit: unit !== undefined,
      })),
    );
  });
});
