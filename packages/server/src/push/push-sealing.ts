import { decodeApdu } from "@dlmskit/apdu";
import { unconfirmedBlocks } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import { type ProtectionParameters, ProtectionType } from "@dlmskit/cosem-objects";
import {
  GeneralProtection,
  generalKeyOf,
  type Layer,
  type LayerProtections,
  openLayers,
  Protection,
  sealLayers,
  senderTitleIn,
} from "@dlmskit/security";
import type { LiveMeter } from "../meter/live-meter.ts";
import type { AssociationState } from "../security/association-state.ts";

const transactionIdLength = 8;
const none: Uint8Array = new Uint8Array(0);

/** Protects unsolicited notifications of a meter to a client with the keys and the policy of the client's association. */
export class PushSealing {
  readonly #live: LiveMeter;
  readonly #state: AssociationState;

  constructor(live: LiveMeter, state: AssociationState) {
    this.#live = live;
    this.#state = state;
  }

  /** Protects with the next invocation counter. `parameters`: layers in their order; none: the protection that the policy requires. */
  seal(
    apdu: Uint8Array,
    parameters: readonly ProtectionParameters[],
    form: "glo" | "general-glo" = "general-glo",
  ): Uint8Array {
    const layers = parameters.length > 0 ? parameters.map((one) => this.#layerOf(one)) : this.#byPolicy(form);
    if (layers.length === 0) return apdu;
    if (!this.#state.association.security.ciphered) {
      throw new Fault("push-protection", `the association of client ${this.#state.association.client} has no keys`, {
        layer: "server",
        hint: "name the client of a ciphered association in push_client_SAP, or clear push_protection_parameters",
      });
    }
    return sealLayers(apdu, layers, protectionsOf(this.#live, this.#state, this.#recipient));
  }

  /** System title of the client if it has an open association; otherwise empty: the meter knows the client only by its keys. */
  get #recipient(): Uint8Array {
    return this.#live.associations.clientSystemTitle(this.#state.association) ?? none;
  }

  #transactionId(): Uint8Array {
    return this.#live.random(transactionIdLength);
  }

  #byPolicy(form: "glo" | "general-glo"): Layer[] {
    const { securityPolicy, association } = this.#state;
    if (!association.security.ciphered) return [];
    const { authenticatedResponse: authenticated, encryptedResponse: encrypted, signedResponse } = securityPolicy;
    return [
      ...(signedResponse ? [{ form: "general-signing", ...this.#header } as const] : []),
      ...(authenticated || encrypted ? [{ form, authenticated, encrypted } as const] : []),
    ];
  }

  get #header() {
    return { transactionId: this.#transactionId(), recipientSystemTitle: this.#recipient };
  }

  #layerOf({ protectionType: type, protectionOptions: options }: ProtectionParameters): Layer {
    const { transactionId, recipientSystemTitle: recipient, otherInformation, keyInfo } = options;
    const header = {
      ...this.#header,
      otherInformation,
      ...(transactionId.length > 0 ? { transactionId } : {}),
      ...(recipient.length > 0 ? { recipientSystemTitle: recipient } : {}),
    };
    if (type === ProtectionType.digitalSignature) return { form: "general-signing", ...header };
    return {
      form: "general-ciphering",
      authenticated: type !== ProtectionType.encryption,
      encrypted: type !== ProtectionType.authentication,
      key: generalKeyOf(keyInfo),
      ...header,
    };
  }

  /** Whether a PDU of the client confirms the notification with that long-invoke-id and has the protection that requests need. */
  confirms(pdu: Uint8Array, longInvokeId: number): boolean {
    try {
      const { apdu, protection } = openLayers(pdu, protectionsOf(this.#live, this.#state, senderTitleIn(pdu)));
      const { authenticatedRequest, encryptedRequest, signedRequest } = this.#state.securityPolicy;
      const { ciphered } = this.#state.association.security;
      if (ciphered && authenticatedRequest && !protection.authenticated) return false;
      if (ciphered && encryptedRequest && !protection.encrypted) return false;
      if (ciphered && signedRequest && !protection.signed) return false;
      const decoded = decodeApdu(apdu);
      return decoded.apdu === "data-notification-confirm" && decoded.longInvokeId === longInvokeId;
    } catch (caught) {
      if (caught instanceof Fault) return false;
      throw caught;
    }
  }
}

/** `peer`: the client's system title; empty: unknown. */
function protectionsOf(live: LiveMeter, state: AssociationState, peer = none): LayerProtections {
  const { association, keys, counters, replay, masterKey, credentials, guards, broadcast } = state;
  if (!association.security.ciphered) return {};
  const { provider, random, systemTitle } = live;
  const common = {
    ...{ provider, systemTitle, keys, counters, replay, suite: association.security.suite },
    ...(broadcast && { broadcast }),
    ...(peer.length > 0 ? { peerSystemTitle: peer } : {}),
  };
  return {
    association: new Protection(common),
    general: new GeneralProtection({
      ...{ ...common, random, guards, privateKeys: credentials.privateKeys, peerKeys: credentials },
      ...(masterKey && { masterKey }),
    }),
  };
}

/** Splits an APDU into unacknowledged blocks of general block transfer of at most `most` octets. A short APDU is not split. */
export function inBlocks(apdu: Uint8Array, most: number): readonly Uint8Array[] {
  return apdu.length <= most ? [apdu] : unconfirmedBlocks(apdu, most);
}
