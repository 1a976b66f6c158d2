import { bool, Fault, fromHex, i8, i32, sameOctets, u8, u16 } from "@dlmskit/core";
import type { AuthenticationValue } from "../acse-field.ts";
import { type Apdu, decodeApdu, encodeApdu } from "../apdu.ts";
import { bitOctets } from "../data-values.ts";
import {
  AcseServiceProviderDiagnostic,
  AcseServiceUserDiagnostic,
  type ApplicationContext,
  AssociationResult,
  Conformance,
  type Mechanism,
  ReleaseRequestReason,
  ReleaseResponseReason,
} from "../enumerations.ts";
import {
  type AnyForm,
  attributeOf,
  childOf,
  type Form,
  field,
  hex,
  hexText,
  type Item,
  leaf,
  name,
  octets,
  type Part,
  pascal,
  record,
} from "./form.ts";
import { badXml, element } from "./node.ts";

/** An enumeration, written as its number in hex. */
function numbered<N extends string>(names: Readonly<Record<N, number>>): Form<N> {
  return leaf(
    (value) => (names[value] as number).toString(16).toUpperCase().padStart(2, "0"),
    (text) => {
      const number = Number.parseInt(text, 16);
      for (const one of Object.keys(names) as N[]) if (names[one] === number) return one;
      throw badXml(`"${text}" is not a known value`);
    },
  );
}

/** The XML word for a name of a table, or an object identifier as text. */
function identifier(words: Readonly<Record<string, string>>): Form<string> {
  const byWord = new Map(Object.entries(words).map(([known, word]) => [word.toLowerCase(), known]));
  return leaf(
    (value) => words[value] ?? value,
    (text) => byWord.get(text.toLowerCase()) ?? text,
  );
}

const context = identifier({
  "logical-name-referencing-no-ciphering": "LN",
  "short-name-referencing-no-ciphering": "SN",
  "logical-name-referencing-with-ciphering": "LN_WITH_CIPHERING",
  "short-name-referencing-with-ciphering": "SN_WITH_CIPHERING",
} satisfies Record<keyof typeof ApplicationContext, string>);
const mechanism = identifier({
  lowest: "None",
  low: "Low",
  high: "High",
  "high-md5": "HighMD5",
  "high-sha1": "HighSHA1",
  "high-gmac": "HighGMAC",
  "high-sha256": "HighSHA256",
  "high-ecdsa": "HighECDSA",
} satisfies Record<keyof typeof Mechanism, string>);

const bits = leaf(
  (value: string) => value,
  (value) => {
    bitOctets(value);
    return value;
  },
);
const requirements = leaf(
  (value: { authentication: boolean }) => (value.authentication ? "1" : "0"),
  (text) => ({ authentication: /1/.test(text) }),
);

const authenticationValue: Form<AuthenticationValue> = {
  put({ choice, value }, into) {
    // The form that COSEM uses has no attribute.
    if (choice !== "charstring") into.attributes.set("Choice", choice);
    into.attributes.set("Value", typeof value === "string" ? value : hexText(value));
  },
  get(from) {
    const choice = (from.attributes.get("Choice") ?? "charstring") as AuthenticationValue["choice"];
    const text = attributeOf(from, "Value");
    switch (choice) {
      case "bitstring":
        bitOctets(text);
        return { choice, value: text };
      case "charstring":
      case "external":
      case "other":
        return { choice, value: fromHex(text) };
      default:
        throw badXml(`"${String(choice)}" is not an authentication value`);
    }
  },
};

type Diagnostic = { readonly source: string; readonly diagnostic: string };
const diagnostics: Readonly<Record<string, readonly [string, Form<string>]>> = {
  "acse-service-user": ["ACSEServiceUser", numbered<string>(AcseServiceUserDiagnostic)],
  "acse-service-provider": ["ACSEServiceProvider", numbered<string>(AcseServiceProviderDiagnostic)],
};
const diagnostic: Form<Diagnostic> = {
  put({ source, diagnostic }, into) {
    const [name, form] = diagnostics[source] as (typeof diagnostics)[string];
    into.children.push(childOf(name, form, diagnostic));
  },
  get(from) {
    const [child] = from.children;
    for (const [source, [name, form]] of Object.entries(diagnostics)) {
      if (child?.name.toLowerCase() === name.toLowerCase()) return { source, diagnostic: form.get(child) };
    }
    throw badXml("expected an ACSEServiceUser or an ACSEServiceProvider");
  },
};

/**
 * Octets of an APDU as the last field of a record: the element of the APDU if `encodeApdu` gives the same octets, otherwise
 * hex. `apduItem` converts an APDU to an element and back.
 */
export function nested(key: string, fallback: string, apduItem: () => Item<Apdu>): Part {
  const asHex = field(key, fallback, octets, true);
  const canonical = (given: Uint8Array): Apdu | undefined => {
    try {
      const apdu = decodeApdu(given);
      return sameOctets(encodeApdu(apdu), given) ? apdu : undefined;
    } catch (caught) {
      if (caught instanceof Fault) return undefined;
      throw caught;
    }
  };
  return {
    put(value, into) {
      const given = value[key] as Uint8Array | undefined;
      if (given === undefined) return;
      const apdu = canonical(given);
      if (apdu === undefined) asHex.put(value, into);
      else into.children.push(apduItem().node(apdu));
    },
    get(left, target) {
      const [next] = left;
      if (next === undefined) return;
      asHex.get(left, target);
      if (target[key] === undefined) target[key] = encodeApdu(apduItem().value(left.shift() as typeof next));
    },
  };
}

const conformance: Form<readonly string[]> = {
  put(value, into) {
    for (const service of value) {
      const bit = element("ConformanceBit");
      bit.attributes.set("Name", pascal(service));
      into.children.push(bit);
    }
  },
  get(from) {
    const given = new Set(
      from.children.map((bit) => {
        if (bit.name.toLowerCase() !== "conformancebit") throw badXml(`<${bit.name}> does not belong here`);
        return attributeOf(bit, "Name").toLowerCase();
      }),
    );
    const known = Object.keys(Conformance).filter((service) => given.delete(pascal(service).toLowerCase()));
    for (const unknown of given) throw badXml(`"${unknown}" is not a conformance bit`);
    return known;
  },
};

const optional = (key: string, name: string, form: AnyForm): Part => field(key, name, form, true);
const ids = (who: string, key: string): Part[] => [
  optional(`${key}ApTitle`, `${who}APTitle`, octets),
  optional(`${key}AeQualifier`, `${who}AEQualifier`, octets),
  optional(`${key}ApInvocationId`, `${who}APInvocationId`, hex(i32, 4)),
  optional(`${key}AeInvocationId`, `${who}AEInvocationId`, hex(i32, 4)),
];

/** AARQ, AARE, RLRQ, RLRE and the xDLMS APDUs that they carry. */
export const acseForms = (
  apduItem: () => Item<Apdu>,
): Readonly<Record<string, readonly [element: string, AnyForm]>> => {
  const userInformation = nested("userInformation", "UserInformation", apduItem);
  const protocolVersion = optional("protocolVersion", "ProtocolVersion", bits);
  const contextName = field("applicationContextName", "ApplicationContextName", context);
  const information = optional("implementationInformation", "ImplementationInformation", octets);
  return {
    aarq: [
      "AssociationRequest",
      record(
        protocolVersion,
        contextName,
        ...ids("Called", "called"),
        ...ids("Calling", "calling"),
        optional("senderAcseRequirements", "SenderACSERequirements", requirements),
        optional("mechanismName", "MechanismName", mechanism),
        optional("callingAuthenticationValue", "CallingAuthentication", authenticationValue),
        information,
        userInformation,
      ),
    ],
    aare: [
      "AssociationResponse",
      record(
        protocolVersion,
        contextName,
        field("result", "AssociationResult", numbered(AssociationResult)),
        field("resultSourceDiagnostic", "ResultSourceDiagnostic", diagnostic),
        ...ids("Responding", "responding"),
        optional("responderAcseRequirements", "ResponderACSERequirement", requirements),
        optional("mechanismName", "MechanismName", mechanism),
        optional("respondingAuthenticationValue", "RespondingAuthentication", authenticationValue),
        information,
        userInformation,
      ),
    ],
    rlrq: ["ReleaseRequest", record(optional("reason", "Reason", name(ReleaseRequestReason)), userInformation)],
    rlre: ["ReleaseResponse", record(optional("reason", "Reason", name(ReleaseResponseReason)), userInformation)],
    "initiate-request": [
      "InitiateRequest",
      record(
        optional("dedicatedKey", "DedicatedKey", octets),
        {
          // True by default.
          put(value, into) {
            if (value.responseAllowed !== true) {
              into.children.push(childOf("ResponseAllowed", hex(bool, 1), value.responseAllowed as boolean));
            }
          },
          get(left, target) {
            optional("responseAllowed", "ResponseAllowed", hex(bool, 1)).get(left, target);
            target.responseAllowed ??= true;
          },
        },
        optional("proposedQualityOfService", "ProposedQualityOfService", hex(i8, 1)),
        field("proposedDlmsVersionNumber", "ProposedDlmsVersionNumber", hex(u8, 1)),
        field("proposedConformance", "ProposedConformance", conformance),
        field("clientMaxReceivePduSize", "ProposedMaxPduSize", hex(u16, 2)),
      ),
    ],
    "initiate-response": [
      "InitiateResponse",
      record(
        optional("negotiatedQualityOfService", "NegotiatedQualityOfService", hex(i8, 1)),
        field("negotiatedDlmsVersionNumber", "NegotiatedDlmsVersionNumber", hex(u8, 1)),
        field("negotiatedConformance", "NegotiatedConformance", conformance),
        field("serverMaxReceivePduSize", "NegotiatedMaxPduSize", hex(u16, 2)),
        field("vaaName", "VaaName", hex(u16, 2)),
      ),
    ],
  };
};
