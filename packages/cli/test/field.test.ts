// Security that only some meters have, by the options of the command line.
import { hls, hls5, meter, none, serve, tcp } from "@dlmskit/server";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dlms, folder } from "./run.ts";

const place = folder();
const ek = "000102030405060708090a0b0c0d0e0f";
const ak = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf";
const octets = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const keys = { encryptionKey: octets(ek), authenticationKey: octets(ak) };
let served: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  const made = meter({
    name: "TST1",
    objects: [],
    associations: {
      public: { client: 16, security: none(), access: "public" },
      gmac: { client: 48, security: hls5({ ...keys, ciphered: false }) },
      sha: { client: 49, security: hls(6, "0123456789abcdef") },
      encrypted: { client: 50, security: hls5({ ...keys, policy: 2, accept: ["encryption-only"] }) },
    },
  });
  served = await serve(made, { on: { wrapper: tcp(0, () => new WrapperServerLink()) } });
});

afterAll(async () => {
  await served[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const read = (...args: string[]) => {
  const at = `127.0.0.1:${served.addresses.wrapper?.port}`;
  return dlms(["read", at, "0.0.42.0.0.255", "--state", place.path, "--counter", "none", "--json", ...args]);
};

it.each([
  [
    "hls-gmac in the plain context",
    ["--client", "48", "--auth", "hls-gmac", "--ek", ek, "--ak", ak, "--context", "plain"],
  ],
  ["hls-sha256 in the plain context", ["--client", "49", "--auth", "hls-sha256", "--password", "0123456789abcdef"]],
  [
    "encryption without authentication",
    ["--client", "50", "--auth", "hls-gmac", "--ek", ek, "--ak", ak, "--encryption-only"],
  ],
])("%s", async (_, args) => {
  const { stdout, stderr } = await read(...args);
  expect(stdout, stderr).toContain('"0.0.42.0.0.255"');
});

it("says what is missing", async () => {
  const said = async (...args: string[]) => (await read(...args)).stdout;
  expect(await said("--auth", "hls-gmac")).toContain("--auth hls-gmac needs keys");
  expect(await said("--context", "ciphered")).toContain("--context ciphered needs keys");
  expect(await said("--auth", "lls", "--password", "abc")).toContain("has 3 octets; at least 4 are needed");
});
