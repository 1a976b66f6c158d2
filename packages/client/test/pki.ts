// A certification authority, a meter of suite 1 that trusts it, and the operator's table.
import { randomBytes } from "node:crypto";
import { T } from "@dlmskit/apdu";
import { fromAscii, fromHex } from "@dlmskit/core";
import { register } from "@dlmskit/cosem-objects";
import { CounterGuard, CounterLedger, type Curve, type KeyPair, Keys, newKeyPair } from "@dlmskit/security";
import {
  type Certificate,
  CertificateAuthority,
  type CertificateUsage,
  certificatePem,
} from "@dlmskit/security/certificates";
import { node } from "@dlmskit/security/node";
import { hls5, meter, none, SimulatedTime, serve, tcp } from "@dlmskit/server";
import { openMemoryStore } from "@dlmskit/storage";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { CertificateLifecycle } from "../src/certificates.ts";
import { connect, type Session } from "../src/index.ts";

export const day = 86_400_000;
export const now = Date.UTC(2026, 10, 24, 12);
const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count));
export const meterTitle = fromHex("4d4d4d0000bc614e");
export const clientTitle = fromHex("4d4d4d0000000001");
const validity = { notBefore: now - 1000 * day, notAfter: now + 1000 * day };

export const text = (octets: string): Uint8Array => fromAscii(octets);

export interface Made extends KeyPair {
  readonly certificate: Certificate;
}

export class Pki {
  readonly root: CertificateAuthority;
  readonly below: CertificateAuthority;

  constructor(curve: Curve = "P-256", name = "Test root") {
    this.root = CertificateAuthority.root({ provider: node, random, curve, name, ...validity });
    this.below = this.root.subordinate({ name: `${name}, devices`, ...validity });
  }

  make(
    options: {
      systemTitle?: Uint8Array;
      usage?: CertificateUsage;
      curve?: Curve;
      from?: number;
      until?: number;
      by?: CertificateAuthority;
    } = {},
  ): Made {
    const { systemTitle = meterTitle, usage = "digital-signature", curve = "P-256" } = options;
    const { from = -100, until = 30, by = this.below } = options;
    const pair = newKeyPair(node, curve, random);
    const times = { notBefore: now + from * day, notAfter: now + until * day };
    return { ...pair, certificate: by.issue({ systemTitle, curve, publicKey: pair.publicKey, usage, ...times }) };
  }

  pem(made: Made): string {
    return certificatePem(made.certificate) + certificatePem(this.below.certificate);
  }
}

/** The operator's side, in memory: the table, and the lifecycle that trusts the authority. */
export async function operator(pki: Pki) {
  const store = await openMemoryStore();
  const table = store.certificates;
  const unreadable: number[] = [];
  const lifecycle = new CertificateLifecycle({ table, provider: node, unreadable: (id) => unreadable.push(id) });
  await lifecycle.trust(pki.root.certificate.der, now);
  await lifecycle.import(pki.below.certificate.der, { holder: { type: "AUTHORITY" }, at: now });
  const device = { type: "DEVICE", id: 7, systemTitle: meterTitle, usage: "digital-signature" } as const;
  return { store, table, lifecycle, unreadable, device };
}

const keys = { encryptionKey: random(16), authenticationKey: random(16) };

/** A meter whose certificate for signatures ends in 30 days, served over TCP. */
export async function served(pki: Pki, own: Made, trusts: Pki = pki) {
  const acme = meter({
    name: "ACM0000000000001",
    systemTitle: meterTitle,
    objects: [register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 4711, unit: "Wh" })],
    associations: {
      public: { client: 16, security: none(), access: "public" },
      admin: {
        client: 48,
        access: "full",
        security: hls5({
          ...{ ...keys, suite: 1, privateKeys: { digitalSignature: own.privateKey } },
          trustAnchors: [trusts.root.certificate.der],
          certificates: [trusts.below.certificate.der, own.certificate.der],
        }),
      },
    },
  });
  const running = await serve(acme, {
    on: { wrapper: tcp(0, () => new WrapperServerLink()) },
    time: new SimulatedTime({ source: () => now }),
  });
  const counters = new CounterLedger({ start: 1 });
  counters.reserved(0x100000);
  const replay = new CounterGuard();
  const open = async (): Promise<Session> =>
    connect(
      {
        duplex: await tcpConnect("127.0.0.1", running.addresses.wrapper?.port ?? 0),
        link: new WrapperClientLink({ client: 48, server: 1 }),
      },
      {
        ...{ clock: systemClock, provider: node, ciphered: true, mechanism: 5 as const },
        security: { suite: 1, keys: new Keys(keys), counters, replay, systemTitle: clientTitle },
      },
    );
  return { open, running, [Symbol.asyncDispose]: () => running.close() };
}
