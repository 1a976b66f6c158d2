import { sameOctets } from "@dlmskit/core";
import { noPendingKeyPair } from "../commits.ts";
import type { SecurityChange } from "../keeping.ts";
import { type KeySealing, sealKey } from "../sealing.ts";
import type { Certificate } from "../tables/certificates.ts";
import type { KeyPair } from "../tables/key-pairs.ts";
import { keyPairName, promoteIn } from "./key-pairs.ts";
import { addSetting, changeKeysIn, setPolicyIn, setSecretIn } from "./security-settings.ts";
import { copied, duplicate, type MemoryContext, type MemoryState } from "./state.ts";

/** Makes checked changes, all or none. */
export function applySecurityChanges(
  context: MemoryContext,
  sealing: KeySealing | undefined,
  meterId: string,
  changes: readonly SecurityChange[],
): void {
  if (changes.length === 0) return;
  const restore = remembered(context.state, meterId);
  try {
    for (const change of changes) apply(context, sealing, meterId, change);
  } catch (caught) {
    restore();
    throw caught;
  }
}

/** Returns a function that restores the keys, secrets and certificates that the meter has now. */
function remembered(state: MemoryState, meterId: string): () => void {
  const maps = [state.securitySettings, state.formerKeys, state.secrets, state.keyPairs] as const;
  const before = (maps as readonly Map<string, Map<string, unknown>>[]).map((map) => {
    const of = map.get(meterId);
    const copy = of && new Map(of);
    return () => (copy === undefined ? map.delete(meterId) : map.set(meterId, copy));
  });
  const certificates = new Map(state.certificates.rows);
  return () => {
    for (const restore of before) restore();
    state.certificates.rows.clear();
    for (const [id, row] of certificates) state.certificates.rows.set(id, row);
  };
}

function apply(context: MemoryContext, sealing: KeySealing | undefined, meterId: string, change: SecurityChange): void {
  const { state } = context;
  switch (change.change) {
    case "policy":
      addSetting(context, sealing, change.initial);
      setPolicyIn(state, meterId, change.instanceId, change);
      return;
    case "keys":
      addSetting(context, sealing, change.initial);
      changeKeysIn(state, sealing, { meterId, ...change });
      return;
    case "secret":
      setSecretIn(state, sealing, { ...change, meterId });
      return;
    case "key-pair": {
      const pair: KeyPair = copied({ ...change.pair, meterId });
      const of = state.keyPairs.get(meterId) ?? new Map<string, KeyPair>();
      state.keyPairs.set(meterId, of);
      of.set(keyPairName(pair), { ...pair, privateKey: new Uint8Array(sealKey(sealing, pair.privateKey)) });
      return;
    }
    case "promote-key-pair":
      if (!promoteIn(state, { ...change, meterId })) throw noPendingKeyPair(meterId, change);
      return;
    case "add-certificate": {
      const { instanceId, serialNumber, issuer } = change.certificate;
      if (serialNumber !== undefined && issuer !== undefined && instanceId !== undefined) {
        const there = findCertificate(state, { meterId, instanceId, serialNumber, issuer });
        if (there !== undefined) throw duplicate("such a certificate");
      }
      state.certificates.add(copied({ ...change.certificate, meterId }), context.instant());
      return;
    }
    case "remove-certificate": {
      const there = findCertificate(state, { ...change, meterId });
      if (there !== undefined) state.certificates.rows.delete(there.id);
      return;
    }
  }
}

type NamedCertificate = Required<Pick<Certificate, "meterId" | "instanceId" | "serialNumber" | "issuer">>;

function findCertificate(state: MemoryState, named: NamedCertificate): { readonly id: number } | undefined {
  return state.certificates.find(
    ({ meterId, instanceId, serialNumber, issuer }) =>
      meterId === named.meterId &&
      instanceId === named.instanceId &&
      serialNumber !== undefined &&
      issuer !== undefined &&
      sameOctets(serialNumber, named.serialNumber) &&
      sameOctets(issuer, named.issuer),
  );
}
