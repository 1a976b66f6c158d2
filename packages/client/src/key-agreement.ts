import type { Data } from "@dlmskit/apdu";
import { dataOf, fromData } from "@dlmskit/apdu";
import type { MethodReference } from "@dlmskit/association";
import { Fault, type LogicalName } from "@dlmskit/core";
import { KeyAgreementData } from "@dlmskit/cosem-objects";
import { type AgreedKeyId, agreeKey, type CryptoProvider, noble, offerKey, type Random } from "@dlmskit/security";

export interface KeyAgreementOptions {
  /** The Security setup: 0.0.43.0.n.255. */
  readonly instanceId: LogicalName;
  /** Security suite 1 or 2. */
  readonly suite: number;
  /** 0 global unicast encryption, 1 global broadcast encryption, 2 authentication, 3 master key. */
  readonly keyIds: readonly AgreedKeyId[];
  /** The client's private key for digital signature, and the meter's public one, raw. */
  readonly signingKey: Uint8Array;
  readonly meterPublicKey: Uint8Array;
  readonly clientSystemTitle: Uint8Array;
  readonly meterSystemTitle: Uint8Array;
  readonly random: Random;
  readonly provider?: CryptoProvider;
}

interface Invokes {
  invoke(method: MethodReference, parameters: ReturnType<typeof dataOf>): Promise<Data | undefined>;
}

/**
 * Agrees on new keys with a meter: method key_agreement of its Security setup, ephemeral unified model C(2e,0s). Returns the keys by
 * id. The meter uses them from then on and sends no further answer under the old keys (`Session.changeKeys`). If it rejects with a
 * `timeout`, the meter may have new keys that nobody else knows. Faults as for `Session.invoke`, `bad-signature`, `bad-answer`.
 */
export async function agreeKeys(
  session: Invokes,
  options: KeyAgreementOptions,
): Promise<ReadonlyMap<AgreedKeyId, Uint8Array>> {
  const { instanceId, suite, keyIds, signingKey, random, provider = noble } = options;
  const offers = keyIds.map((keyId) => ({ keyId, offer: offerKey({ provider, suite, keyId, signingKey, random }) }));
  const offered = offers.map(({ keyId, offer }) => ({ keyId, keyData: offer.keyData }));
  const method = { classId: 64, instanceId, methodId: 3 };
  const data = await session.invoke(method, dataOf(KeyAgreementData, offered));
  if (data === undefined) throw badAnswer("the meter accepted the key agreement, but returned no keys");
  const answers = fromData(KeyAgreementData, data);
  const keys = new Map<AgreedKeyId, Uint8Array>();
  for (const { keyId, offer } of offers) {
    const answer = answers.find((one) => one.keyId === keyId);
    if (answer === undefined) throw badAnswer(`the meter's answer has no key ${keyId}`);
    const key = agreeKey({
      ...{ provider, suite, keyId, offer, keyData: answer.keyData },
      peerPublicKey: options.meterPublicKey,
      initiatorSystemTitle: options.clientSystemTitle,
      responderSystemTitle: options.meterSystemTitle,
    });
    keys.set(keyId, key);
  }
  return keys;
}

function badAnswer(message: string): Fault {
  return new Fault("bad-answer", message, { layer: "client" });
}
