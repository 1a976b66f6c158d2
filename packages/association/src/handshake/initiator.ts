import {
  type Aare,
  type ApduLike,
  type ConformanceName,
  decodeApdu,
  encodeApdu,
  type InitiateRequest,
  type InitiateResponse,
} from "@dlmskit/apdu";
import { Fault, type FaultCode } from "@dlmskit/core";
import {
  CounterGuard,
  CounterLedger,
  challengeLength,
  type DedicatedKey,
  type KeyGuards,
  lastCounter,
  MemoryKeyGuards,
  newChallenge,
  securitySuite,
} from "@dlmskit/security";
import { type InitiatorOptions, type InitiatorSecurity, type KeyChange, withoutPrefix } from "../initiator-options.ts";
import type { RequestOptions } from "../initiator-state.ts";
import type { Negotiated } from "../offer.ts";
import { Channel } from "../protection/channel.ts";
import { type Protections, protectionsOf } from "../protection/protections.ts";
import { type RequestProtection, sealingWith } from "../protection/request-protection.ts";
import type { Sealing } from "../protection/sealing.ts";
import { checkResponse } from "../response-checks.ts";
import type { Challenges } from "./hls-initiator.ts";
import { contextName, dlmsVersion, leastPduSize, mechanismName, needsTitles, vaaNames } from "./names.ts";
import { refusalHint } from "./refusal-causes.ts";
import { withRightLengths } from "./short-aare.ts";

function failed(code: FaultCode<"association">, message: string, hint?: string, detail?: string): Fault {
  return new Fault(code, message, {
    layer: "association",
    ...(hint === undefined ? {} : { hint }),
    ...(detail === undefined ? {} : { detail }),
  });
}

/** The parameters that an accepted AARE determines at the client's end. */
export interface Accepted {
  readonly negotiated: Negotiated;
  readonly channel: Channel;
  /** Whether a conformance bit was negotiated. */
  readonly has: (name: ConformanceName) => boolean;
  /** Mechanisms 2 to 7. */
  readonly challenges?: Challenges;
}

function accepted(negotiated: Negotiated, channel: Channel): Accepted {
  const { conformance } = negotiated;
  return { negotiated, channel, has: (name) => conformance.includes(name) };
}

/** Passes 1 and 2 at the client's end, for one attempt to open the association. */
export class InitiatorHandshake {
  readonly #options: InitiatorOptions;
  #security: InitiatorSecurity | undefined;
  #protections: Protections | undefined;
  #channel: Channel | undefined;
  readonly #dedicated: DedicatedKey | undefined;
  readonly #guards: KeyGuards;
  /** How services are sealed after the association was opened. */
  readonly sealing: Sealing | undefined;
  /** How the InitiateRequest and pass 3 are sealed: under the global key. */
  readonly globalSealing: Sealing | undefined;
  readonly #cToS: Uint8Array | undefined;

  /** Faults `bad-random`, and those of the keys and titles. */
  constructor(options: InitiatorOptions) {
    this.#options = options;
    this.#guards = options.security?.guards ?? new MemoryKeyGuards();
    const { ciphered, mechanism, security, random } = options;
    this.#cToS = mechanism >= 2 ? newChallenge(random, security?.suite === 2 ? 32 : 16) : undefined;
    if (!ciphered || security === undefined) return;
    this.#security = security;
    const { authenticated = true, encrypted = true, form = "glo", generalKey, compressed, signed } = security;
    this.globalSealing = {
      authenticated,
      encrypted,
      form,
      ...(generalKey && { key: generalKey }),
      ...(compressed && { compressed }),
      ...(signed && { signed }),
    };
    this.sealing = this.globalSealing;
    if (security.dedicatedKey === true && encrypted) {
      // Always a new key, because its counters start at 0.
      const key = newChallenge(random, securitySuite(security.suite).keyLength);
      const own = new CounterLedger({ start: 0 });
      own.reserved(lastCounter + 1);
      this.#dedicated = { key, counters: own, replay: new CounterGuard() };
      this.sealing = { ...this.globalSealing, form: form === "glo" ? "ded" : "general-ded" };
    }
    this.#protections = this.#protect(security, security.serverSystemTitle);
  }

  #protect(security: InitiatorSecurity, systemTitle: Uint8Array | undefined): Protections {
    const { provider, random } = this.#options;
    const { broadcast } = security;
    const peer = { systemTitle, dedicated: this.#dedicated, broadcast, guards: this.#guards, requests: true as const };
    return protectionsOf(security, peer, { provider, random });
  }

  /** Uses new keys from now on. Fault `bad-key-length`; `wrong-state` if the association is not ciphered. */
  rekey(change: KeyChange, channel: Channel): void {
    const before = this.#protections;
    if (this.#security === undefined || before === undefined) {
      throw failed("wrong-state", "the association is not ciphered");
    }
    const security = { ...this.#security, ...change };
    this.#protections = this.#protect(security, before.association.peerSystemTitle);
    this.#security = security;
    channel.protect(this.#protections);
    this.#channel?.protect(this.#protections);
  }

  /** How a request is sealed. Fault `broadcast-key` for a request to all stations that needs an answer. */
  sealingFor({ broadcast, confirmed, protection }: RequestOptions): Sealing | undefined {
    if (broadcast !== true && protection === undefined) return this.sealing;
    if (broadcast !== true) {
      if (this.sealing !== undefined) return sealingWith(this.sealing, protection as RequestProtection);
      throw failed("wrong-state", "the association is not ciphered", "open it with ciphered: true and security");
    }
    if (confirmed !== false)
      throw failed("broadcast-key", "a broadcast cannot be confirmed, since no server answers it");
    const { globalSealing } = this;
    if (protection !== undefined && globalSealing === undefined) {
      throw failed("wrong-state", "the association is not ciphered", "open it with ciphered: true and security");
    }
    if (globalSealing === undefined) return undefined;
    return { ...(protection === undefined ? globalSealing : sealingWith(globalSealing, protection)), broadcast: true };
  }

  /** Accepts any form, because nothing is negotiated yet. */
  #opening(): Channel {
    this.#channel ??= new Channel(this.#protections, true, this.#options.random, this.#guards);
    return this.#channel;
  }

  #open(conformance: readonly ConformanceName[]): Channel {
    const general = conformance.includes("general-protection");
    return new Channel(this.#protections, general, this.#options.random, this.#guards, this.#opening());
  }

  /** The parameters of a pre-established association. */
  preEstablished(): Accepted {
    const { conformance, preEstablished, security } = this.#options;
    const negotiated = {
      ...this.#negotiated(undefined, security?.serverSystemTitle),
      serverMaxReceivePduSize: withoutPrefix(preEstablished?.serverMaxReceivePduSize ?? 0, this.#options.prefixOctets),
    };
    return accepted(negotiated, this.#open(conformance));
  }

  /** The AARQ. */
  aarq(): Uint8Array {
    const { context, ciphered, mechanism, secret, security, userId } = this.#options;
    const value = mechanism === 1 ? secret : this.#cToS;
    return encodeApdu({
      apdu: "aarq",
      applicationContextName: contextName(context, ciphered),
      ...(needsTitles(ciphered, mechanism) && security !== undefined ? { callingApTitle: security.systemTitle } : {}),
      ...(userId === undefined ? {} : { callingAeInvocationId: userId }),
      ...(value === undefined
        ? {}
        : {
            senderAcseRequirements: { authentication: true },
            mechanismName: mechanismName(mechanism),
            callingAuthenticationValue: { choice: "charstring" as const, value },
          }),
      userInformation: this.#initiateRequest(this.#dedicated?.key),
    });
  }

  #initiateRequest(dedicatedKey: Uint8Array | undefined): Uint8Array {
    const { conformance, maxReceivePduSize } = this.#options;
    const request: InitiateRequest = {
      apdu: "initiate-request",
      responseAllowed: true,
      proposedDlmsVersionNumber: dlmsVersion,
      proposedConformance: conformance,
      clientMaxReceivePduSize: maxReceivePduSize,
      ...(dedicatedKey === undefined ? {} : { dedicatedKey }),
    };
    return this.#opening().seal(encodeApdu(request), this.globalSealing);
  }

  /** The RLRQ, protected as the association was opened. */
  rlrq(): Uint8Array {
    const rlrq: ApduLike = { apdu: "rlrq", reason: "normal" };
    if (this.#protections === undefined) return encodeApdu(rlrq);
    return encodeApdu({ ...rlrq, userInformation: this.#initiateRequest(undefined) });
  }

  /**
   * Checks the AARE against the requested parameters. Faults: `association-refused`, `context-mismatch`, `mechanism-mismatch`,
   * `authentication-skipped`, `bad-challenge`, `missing-field`, `initiate-refused`, `short-name-server`, `bad-negotiation`,
   * `protection-too-weak`, and those of decoding and of the security.
   */
  accept(pdu: Uint8Array): Accepted {
    const { context, ciphered, quirks } = this.#options;
    const right = quirks?.includes("aare-lengths-short") ? withRightLengths(pdu) : undefined;
    const aare = decodeApdu(right ?? pdu) as Aare;
    if (aare.result !== "accepted") throw this.#refused(aare);
    const asked = contextName(context, ciphered);
    if (aare.applicationContextName !== asked && !quirks?.includes("aare-other-context")) {
      throw failed(
        "context-mismatch",
        `the server opened ${aare.applicationContextName}, but ${asked} was requested`,
        'the quirk "aare-other-context" uses the requested one',
      );
    }
    const serverSystemTitle = this.#meet(aare);
    const cToS = this.#cToS;
    const sToC = this.#authentication(aare);
    const response = this.#initiateResponse(aare);
    const negotiated = this.#negotiated(response, serverSystemTitle);
    const channel = this.#open(negotiated.conformance);
    return { ...accepted(negotiated, channel), ...(cToS && sToC && { challenges: { cToS, sToC } }) };
  }

  #refused(aare: Aare): Fault {
    const { source, diagnostic } = aare.resultSourceDiagnostic;
    let why = `${source}: ${diagnostic}`;
    // The reason in the confirmedServiceError is more precise than the diagnostic.
    let detail: string = diagnostic;
    try {
      const octets = aare.userInformation;
      const apdu = octets === undefined ? undefined : decodeApdu(octets);
      if (apdu?.apdu === "confirmed-service-error") {
        const { error, value } = apdu.serviceError;
        why += `, ${error}: ${value}`;
        detail = value;
      }
    } catch (caught) {
      // The user-information of a refusal may be invalid (this happens with real meters); the association is still refused.
      if (!(caught instanceof Fault)) throw caught;
    }
    return failed(
      "association-refused",
      `the server refused the association: ${aare.result}, ${why}`,
      refusalHint(detail, this.#options),
      detail,
    );
  }

  #meet({ respondingApTitle: title }: Aare): Uint8Array | undefined {
    const { ciphered, mechanism, security } = this.#options;
    if (!needsTitles(ciphered, mechanism)) return undefined;
    const known = title ?? security?.serverSystemTitle;
    if (known === undefined) {
      throw failed("missing-field", "the AARE has no system title", "give security.serverSystemTitle");
    }
    if (title !== undefined) this.#protections?.association.meet(title);
    return known.slice();
  }

  #authentication(aare: Aare): Uint8Array | undefined {
    const { mechanism } = this.#options;
    const { diagnostic } = aare.resultSourceDiagnostic;
    const named = aare.mechanismName;
    if (named !== undefined && named !== mechanismName(mechanism)) {
      throw failed(
        "mechanism-mismatch",
        `the server answers with ${named}, but ${mechanismName(mechanism)} was requested`,
        refusalHint("authentication-required", this.#options),
      );
    }
    if (mechanism < 2) {
      if (diagnostic === "authentication-required") {
        throw failed(
          "mechanism-mismatch",
          "the server requires an authentication that was not requested",
          refusalHint(diagnostic, this.#options),
        );
      }
      return undefined;
    }
    const value = aare.respondingAuthenticationValue;
    if (diagnostic !== "authentication-required" || named === undefined) {
      const tolerated = diagnostic === "null" || diagnostic === "authentication-required";
      if (!tolerated || value === undefined || !this.#options.quirks?.includes("aare-without-mechanism")) {
        throw failed(
          "authentication-skipped",
          "the server opened the association without the requested authentication",
          tolerated && value !== undefined ? 'the quirk "aare-without-mechanism" accepts it' : undefined,
        );
      }
    }
    const { least, most } = challengeLength;
    if (value?.choice !== "charstring" || value.value.length < least || value.value.length > most) {
      throw failed("bad-challenge", `the server's challenge does not have ${least} to ${most} octets`);
    }
    return value.value.slice();
  }

  #initiateResponse(aare: Aare): InitiateResponse | undefined {
    const { ciphered, quirks } = this.#options;
    const octets = aare.userInformation;
    if (octets === undefined || octets.length === 0) {
      if (quirks?.includes("aare-without-user-information")) return undefined;
      throw failed(
        "missing-field",
        "the AARE has no InitiateResponse",
        'the quirk "aare-without-user-information" accepts it',
      );
    }
    const opened = this.#opening().open(octets);
    const apdu = decodeApdu(opened.apdu);
    if (apdu.apdu === "confirmed-service-error") {
      const { error, value } = apdu.serviceError;
      throw failed(
        "initiate-refused",
        `the server refused the InitiateRequest: ${error}, ${value}`,
        refusalHint(String(value), this.#options),
        String(value),
      );
    }
    if (apdu.apdu !== "initiate-response")
      throw failed("missing-field", `received ${apdu.apdu} instead of an InitiateResponse`);
    if (ciphered && opened.sealing === undefined && !quirks?.includes("plain-initiate-response")) {
      throw failed(
        "protection-too-weak",
        "the InitiateResponse is not protected",
        'the quirk "plain-initiate-response" accepts it',
      );
    }
    const { sealedTransactionId: transactionId } = this.#opening();
    checkResponse(opened, { sealing: opened.sealing && this.globalSealing, transactionId }, quirks);
    return apdu;
  }

  #negotiated(response: InitiateResponse | undefined, serverSystemTitle: Uint8Array | undefined): Negotiated {
    const { context, ciphered, mechanism, conformance, maxReceivePduSize, security, userId } = this.#options;
    const agreed = response === undefined ? conformance : agreedConformance(response, this.#options);
    return {
      context,
      ciphered,
      mechanism,
      conformance: agreed,
      clientMaxReceivePduSize: maxReceivePduSize,
      serverMaxReceivePduSize: withoutPrefix(response?.serverMaxReceivePduSize ?? 0, this.#options.prefixOctets),
      dedicatedKey: this.#dedicated !== undefined,
      confirmed: true,
      ...(security === undefined ? {} : { clientSystemTitle: security.systemTitle }),
      ...(serverSystemTitle === undefined ? {} : { serverSystemTitle }),
      ...(userId === undefined ? {} : { userId }),
    };
  }
}

/** Checks the conformance that the server agreed to: Faults for bits that were not proposed, and for parameters that cannot work. */
function agreedConformance(
  response: InitiateResponse,
  { context, conformance: proposed, quirks }: InitiatorOptions,
): readonly ConformanceName[] {
  const { negotiatedConformance, negotiatedDlmsVersionNumber, serverMaxReceivePduSize, vaaName } = response;
  if (vaaName !== vaaNames[context] && !quirks?.includes("other-vaa-name")) {
    const told = `the VAA name is 0x${vaaName.toString(16)}`;
    if (context === "logical-name") {
      throw failed(
        "short-name-server",
        `${told}: the server uses short names`,
        "associate with short-name referencing",
      );
    }
    throw failed(
      "bad-negotiation",
      `${told}, expected 0xfa00`,
      'associate with logical-name referencing, or accept it with the quirk "other-vaa-name"',
    );
  }
  if (negotiatedDlmsVersionNumber !== dlmsVersion) {
    throw failed("bad-negotiation", `DLMS version ${negotiatedDlmsVersionNumber} instead of ${dlmsVersion}`);
  }
  const wider = negotiatedConformance.filter((name) => !proposed.includes(name));
  if (wider.length > 0 && !quirks?.includes("conformance-not-proposed")) {
    throw failed(
      "bad-negotiation",
      `the server agreed to what was not proposed: ${wider.join(", ")}`,
      'the quirk "conformance-not-proposed" uses the services that both have',
    );
  }
  const agreed = negotiatedConformance.filter((name) => proposed.includes(name));
  if (agreed.length === 0) throw failed("bad-negotiation", "the server agreed to no service");
  if (serverMaxReceivePduSize !== 0 && serverMaxReceivePduSize < leastPduSize) {
    throw failed(
      "bad-negotiation",
      `the server's PDU size is ${serverMaxReceivePduSize} octets; at least ${leastPduSize} are needed`,
    );
  }
  return agreed;
}
