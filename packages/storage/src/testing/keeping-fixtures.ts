import type { CapturedRows, MeterScope, TakenMeter } from "../keeping.ts";
import type { Store } from "../store.ts";
import type { Certificate } from "../tables/certificates.ts";
import type { SecuritySetting } from "../tables/security-settings.ts";
import { key, meter } from "./harness.ts";

type NamedCertificate = Required<Pick<Certificate, "serialNumber" | "issuer">>;

export const { meterId } = meter(1);
export const setup = "0.0.43.0.3.255";
export const association = "0.0.40.0.2.255";
export const profile = { meterId, logicalDevice: 1, instanceId: "1.0.99.1.0.255" };
export const scope = { clients: [{ clientId: 32, instanceId: association }], setups: [setup] };
export const none: MeterScope = { clients: [], setups: [] };

export const initial: SecuritySetting = {
  ...{ meterId, instanceId: setup, securityPolicy: 0, securitySuite: 0, keyVersion: 1 },
  ...{ encryptionKey: key(1), authenticationKey: key(2), masterKey: key(3) },
};
export const certificate: Omit<Certificate, "meterId" | "serialNumber" | "issuer"> & NamedCertificate = {
  ...{ instanceId: setup, certificateEntity: 0, certificateUsage: 1, serialNumber: key(1, 8), issuer: key(2, 40) },
  ...{ entityId: 1, certificateType: "DEVICE" as const, certificateData: key(4, 300), validFrom: 0, validUntil: 1000 },
};
export const pair = { instanceId: setup, usage: 0, pending: true, privateKey: key(21, 32), publicKey: key(22, 64) };
export const value = (attributeId: number, encoded = key(attributeId)) => ({
  ...{ logicalDevice: 1, classId: 1, instanceId: "0.0.96.1.0.255", attributeId, encoded, updatedAt: 1000 },
});
export const event = (at: number, code: number) => ({ instanceId: "0.0.99.98.0.255", at, code, encoded: key(code, 4) });
export const message = (payload: number) => ({
  ...{ messageType: "push", priority: 1, payload: key(payload), destination: "tcp://a:1", scheduledTime: 5 },
});
export const captured = (rows: readonly number[], more: Partial<CapturedRows> = {}): CapturedRows => ({
  logicalDevice: 1,
  instanceId: profile.instanceId,
  keep: 1000,
  rows: rows.map((at) => ({ at, encoded: encodedAt(at) })),
  ...more,
});
export const encodedAt = (at: number): Uint8Array => Uint8Array.of(at & 0xff, at >> 8);

/** Takes the meter. */
export async function taken(store: Store, identity = meter(1), of = none): Promise<TakenMeter> {
  const got = await store.keeping.take(identity.meterId, of, identity);
  if (!got.taken) throw new Error(`another process has ${identity.meterId}`);
  return got;
}
