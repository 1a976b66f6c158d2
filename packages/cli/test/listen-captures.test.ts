import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { fromHex } from "@dlmskit/core";
import { expect, it } from "vitest";
import { serving } from "./run.ts";

type Shown = readonly [layoutFrom: string | undefined, values: number, first: string | undefined];

const file = new URL("../../../test-vectors/push-captures.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: { id: string; hex: string }[] };

/** Layouts of several makers: names beside the values, the list of the Push setup in the push, and values without names. */
const captures: { readonly [link: string]: { readonly [id: string]: Shown } } = {
  hdlc: {
    "push-aidon-003": [undefined, 12, "1.1.0.2.129.255"],
    "push-aidon-005": [undefined, 27, "0.0.1.0.0.255"],
    "push-iskra-001": [undefined, 16, "0.0.96.1.0.255"],
    "push-iskra-002": ["push", 13, "0.0.42.0.0.255"],
    "push-iskra-003": ["push", 27, "0.6.25.9.0.255"],
    "push-kaifa-003": [undefined, 13, undefined],
    "push-kamstrup-005": [undefined, 18, undefined],
    "push-landis-gyr-001": [undefined, 13, "1.1.0.2.129.255"],
    "push-landis-gyr-007": ["push", 9, "0.11.25.9.0.255"],
  },
  wrapper: {
    "push-elster-001": [undefined, 1, "0.0.97.98.20.255"],
    "push-elster-003": [undefined, 3, undefined],
    "push-energy-ict-001": [undefined, 1, "0.0.128.0.12.255"],
  },
};

it.each(Object.entries(captures))("listen --link %s shows captured pushes in their layouts", async (link, expected) => {
  await using listener = await serving(["listen", "127.0.0.1:0", "--link", link, "--json"]);
  const { port } = JSON.parse(listener.lines[0] as string);
  const shown: Record<string, Shown> = {};
  for (const id of Object.keys(expected)) {
    const before = listener.output().length;
    const { hex } = vectors.find((one) => one.id === id) as { hex: string };
    const socket = createConnection({ host: "127.0.0.1", port }, () => socket.end(fromHex(hex)));
    await expect.poll(() => listener.output().length, { timeout: 20_000 }).toBeGreaterThan(before);
    const { layoutFrom, values } = JSON.parse(listener.output()[before] as string);
    shown[id] = [layoutFrom, values.length, values[0].instanceId];
    socket.destroy();
  }
  expect(shown).toEqual(expected);
});
