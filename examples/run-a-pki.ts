// A test authority, a meter's certificate that ends soon, its renewal through the meter, and what a revocation does.
import { randomBytes as random } from "node:crypto";
import { connect, DurableCounters } from "@dlmskit/client";
import { CertificateLifecycle, issueBy, renewDue } from "@dlmskit/client/certificates";
import { fromAscii, fromHex } from "@dlmskit/core";
import { CounterGuard, Keys, newKeyPair } from "@dlmskit/security";
import { CertificateAuthority } from "@dlmskit/security/certificates";
import { node as provider } from "@dlmskit/security/node";
import { hls5, meter, serve, tcp } from "@dlmskit/server";
import { openMemoryStore } from "@dlmskit/storage";
import { systemClock as clock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

const [at, day, curve, usage] = [Date.now(), 86_400_000, "P-256", "digital-signature"] as const;
const [years, systemTitle] = [{ notBefore: at - day, notAfter: at + 700 * day }, fromHex("4d4d4d0000bc614e")];
const root = CertificateAuthority.root({ provider, random, curve, name: "Test root", ...years });
const { privateKey: digitalSignature, publicKey } = newKeyPair(provider, curve, random);
const ending = root.issue({ systemTitle, curve, publicKey, usage, notBefore: at - day, notAfter: at + 20 * day });

const keys = { suite: 1, encryptionKey: random(16), authenticationKey: random(16) } as const;
const held = { privateKeys: { digitalSignature }, trustAnchors: [root.certificate.der], certificates: [ending.der] };
const associations = { admin: { client: 1, security: hls5({ ...keys, ...held }), access: "full" as const } };
const acme = meter({ name: "ACM0000000000001", systemTitle, objects: [], associations });
await using running = await serve(acme, { on: { wrapper: tcp(0, () => new WrapperServerLink()) } });
async function open() {
  const duplex = await tcpConnect("127.0.0.1", running.addresses.wrapper?.port ?? 0);
  const counters = new DurableCounters({ start: 0, reserve: () => undefined }); // Keys of one run alone.
  const own = { keys: new Keys(keys), systemTitle: fromAscii("HES00001"), counters, replay: new CounterGuard() };
  const options = { clock, provider, ciphered: true, mechanism: 5, security: { suite: 1, ...own } } as const;
  return connect({ duplex, link: new WrapperClientLink({ client: 1, server: 1 }) }, options);
}
const lifecycle = new CertificateLifecycle({ table: (await openMemoryStore()).certificates, provider });
await lifecycle.trust(root.certificate.der, at);
const id = await lifecycle.import(ending.der, { holder: { type: "DEVICE", id: 1, systemTitle, usage }, at });
for (const outcome of await renewDue({ lifecycle, at, within: 30 * day, issue: issueBy(root, years), open })) {
  console.log("renewed" in outcome ? (await lifecycle.export(outcome.renewed.id)).pem : outcome.fault.code);
}
await lifecycle.revoke(id);
console.log(await lifecycle.check(ending, { at }).catch(({ code }) => code));
