import { expect, it } from "vitest";
import { isLong } from "../../../test/campaign.ts";
import { noPty, ptyPair } from "../../../test/pty-pair.ts";
import { dlms, serving } from "./run.ts";

const search = ["--search", "--lower", "255..258", "--wait", "500", "--json"];
const found = (stdout: string): unknown[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
// The first meter also answers to the logical device alone, in one octet.
const expected = [
  { upper: 1, octets: 1 },
  { upper: 1, lower: 256, octets: 4 },
  { upper: 1, lower: 257, octets: 4 },
].map((address) => ({ event: "found", address, answer: "ua" }));

// Most of the time is spent waiting for addresses that nobody has, so they wait at once.
it.concurrent("dlms discover --search finds the meters behind a port that speaks HDLC", async () => {
  await using run = await serving(["simulate", "--link", "hdlc", "--port", "0", "--meters", "2", "--seed", "x"]);
  const place = /127\.0\.0\.1:\d+/.exec(run.lines[0] as string)?.[0] as string;
  const ran = await dlms(["discover", place, ...search]);
  expect(ran.code, ran.stderr).toBe(0);
  expect(found(ran.stdout)).toMatchObject(expected);
  const none = await dlms(["discover", place, "--search", "--lower", "9", "--server", "5", "--wait", "50"]);
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("no meter answers at 3 addresses");
});

it.skipIf(noPty !== undefined).concurrent("and those on a serial line", async () => {
  const pair = await ptyPair();
  try {
    await using _run = await serving(["simulate", "--serial", pair.far, "--meters", "2", "--seed", "x"]);
    const ran = await dlms(["discover", "--serial", pair.near, ...search]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(found(ran.stdout)).toMatchObject(expected);
  } finally {
    await pair.close();
  }
});

it.skipIf(noPty !== undefined).concurrent(
  "and the one at an optical head, which signs on for a few addresses at a time",
  async () => {
    const pair = await ptyPair();
    try {
      await using _run = await serving(["simulate", "--serial", pair.far, "--mode-e", "--seed", "x"]);
      if (isLong) {
        // Three sign-ons.
        const none = ["--search", "--mode-e", "--server", "9", "--lower", "17,18", "--wait", "2000", "--json"];
        const missed = await dlms(["discover", "--serial", pair.near, ...none]);
        expect(missed.stdout).toContain("no meter answers at 5 addresses");
      }
      const ran = await dlms(["discover", "--serial", pair.near, ...search, "--mode-e"]);
      expect(ran.code, ran.stderr).toBe(0);
      expect(found(ran.stdout)).toMatchObject([expected[0]]);
    } finally {
      await pair.close();
    }
  },
);

it("does not search an M-Bus line with HDLC frames", async () => {
  const ran = await dlms(["discover", "127.0.0.1:9", "--link", "mbus", "--search"]);
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("--search finds HDLC addresses only")]);
});

it("a range that is none is wrong usage", async () => {
  const ran = await dlms(["discover", "--search", "--lower", "9..3", "127.0.0.1"]);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain('"9..3" is no range of lower addresses');
});
