import { type Data, dataOf, fromData, T } from "@dlmskit/apdu";
import { dataObject, KeyAgreementData } from "@dlmskit/cosem-objects";
import { CounterGuard, CounterLedger, noble } from "@dlmskit/security";
import { type AssociationSpec, hls5, meter, none, type SecuritySpec, Server } from "@dlmskit/server";
import { memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { agreeKeys, type ConnectOptions, connect } from "../src/index.ts";

const octets = (from: number, length = 16): Uint8Array => Uint8Array.from({ length }, (_, at) => (from + at) & 0xff);
const title = { client: octets(0x41, 8), meter: octets(0x61, 8) };
const keys = { encryptionKey: octets(0), authenticationKey: octets(0xd0) };
const masterKey = octets(0x40);
const random = (count: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(count));
const counters = (start: number): CounterLedger => {
  const ledger = new CounterLedger({ start });
  ledger.reserved(start + 0x10000);
  return ledger;
};
const value = { classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2 };

/** A meter with one association, and a way to connect to it. */
function bench(spec: Partial<AssociationSpec> & { security: SecuritySpec }) {
  const clock = new VirtualClock({ epoch: Date.UTC(2026, 10, 24) });
  const made = meter({
    name: "TST0000000000001",
    systemTitle: title.meter,
    objects: [dataObject(value.instanceId, { type: T.unsigned, value: 7 })],
    associations: { own: { client: 48, access: "full", ...spec } },
  });
  const server = new Server({ meters: made, clock, random });
  return {
    server,
    async open(options: Partial<ConnectOptions>) {
      const [near, far] = memoryPair({ clock });
      server.accept(far, new WrapperServerLink({}));
      const link = new WrapperClientLink({ client: 48, server: 1 });
      const opening = connect({ duplex: near, link }, { clock, random, timeout: 1000, ...options });
      const going = setInterval(() => clock.advance(1), 0);
      const session = await opening.finally(() => clearInterval(going));
      /** Lets time pass while something is awaited. */
      const during = async <R>(work: Promise<R>): Promise<R> => {
        const moving = setInterval(() => clock.advance(1), 0);
        return work.finally(() => clearInterval(moving));
      };
      return { session, during };
    },
  };
}

describe("keys that change", () => {
  it("goes on under new keys once the meter has them, and not before", async () => {
    const { open } = bench({ security: hls5({ ...keys, masterKey }) });
    const security = { suite: 0, keys, counters: counters(1), replay: new CounterGuard(), systemTitle: title.client };
    const { session, during } = await open({ ciphered: true, mechanism: 5, security });
    const encryptionKey = octets(0x70);
    const wrapped = noble.wrapKey(masterKey, encryptionKey);
    const transfer: Data = {
      type: "array",
      value: [
        {
          type: "structure",
          value: [
            { type: "enum", value: 0 },
            { type: "octet-string", value: wrapped },
          ],
        },
      ],
    };
    await during(session.invoke({ classId: 64, instanceId: "0.0.43.0.1.255", methodId: 2 }, transfer));
    await expect(during(session.get(value))).rejects.toMatchObject({ code: "exception-response" });
    const change = { keys: { ...keys, encryptionKey }, counters: counters(0), replay: new CounterGuard() };
    session.changeKeys(change);
    expect(await during(session.get(value))).toEqual({ type: "unsigned", value: 7 });
    await during(session.release());
    expect(() => session.changeKeys(change)).toThrow("closed");
  });

  it("agrees on keys, and takes no answer that is not the meter's", async () => {
    const suite = 1;
    const own = octets(3, 32);
    const meters = octets(5, 32);
    const publicOf = (key: Uint8Array) => noble.publicKey("P-256", key);
    const options = {
      ...({ instanceId: "0.0.43.0.1.255", suite, keyIds: [0, 3], signingKey: own, random } as const),
      meterPublicKey: publicOf(meters),
      ...{ clientSystemTitle: title.client, meterSystemTitle: title.meter },
    };
    const security = {
      ...{ suite, keys, counters: counters(1), replay: new CounterGuard(), systemTitle: title.client },
      signing: { privateKey: own, peerPublicKey: publicOf(meters) },
    };
    const signing = { privateKey: meters, peerPublicKey: publicOf(own) };
    const { open } = bench({ security: hls5({ ...keys, masterKey, suite, signing }) });
    const { session, during } = await open({ ciphered: true, mechanism: 5, security });
    const agreed = await during(agreeKeys(session, options));
    expect([...agreed.keys()]).toEqual([0, 3]);
    const encryptionKey = agreed.get(0) as Uint8Array;
    session.changeKeys({ keys: { ...keys, encryptionKey }, counters: counters(0), replay: new CounterGuard() });
    expect(await during(session.get(value))).toEqual({ type: "unsigned", value: 7 });
    const answering = (data: Data | undefined) => agreeKeys({ invoke: async () => data }, options);
    await expect(answering(undefined)).rejects.toMatchObject({ code: "bad-answer" });
    const empty = fromData(T.any, dataOf(KeyAgreementData, [])) as Data;
    await expect(answering(empty)).rejects.toMatchObject({ code: "bad-answer" });
    const forged = fromData(T.any, dataOf(KeyAgreementData, [{ keyId: 0, keyData: octets(1, 128) }])) as Data;
    await expect(answering(forged)).rejects.toMatchObject({ code: "bad-signature" });
  });
});

it("serves an association that nobody opens, plain and ciphered", async () => {
  const plain = bench({ security: none(), preEstablished: {} });
  const { session, during } = await plain.open({ preEstablished: {} });
  expect(await during(session.get(value))).toEqual({ type: "unsigned", value: 7 });
  await during(session.release());
  const security: SecuritySpec = {
    ...{ mechanism: 0, ciphered: true, suite: 0, policy: 3, setupVersion: 0 },
    secrets: keys,
  };
  const ciphered = bench({ security, preEstablished: { clientSystemTitle: title.client } });
  const own = { suite: 0, keys, counters: counters(1), replay: new CounterGuard(), systemTitle: title.client };
  const second = await ciphered.open({
    ciphered: true,
    preEstablished: {},
    security: { ...own, serverSystemTitle: title.meter },
  });
  expect(await second.during(second.session.get(value))).toEqual({ type: "unsigned", value: 7 });
  expect(ciphered.server.counts).toMatchObject({ associated: 1 });
  await second.during(second.session.release());
});
