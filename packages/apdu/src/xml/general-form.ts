import { decode, encode, fromHex, Reader, u8, u16, u32, Writer } from "@dlmskit/core";
import type { Apdu } from "../apdu.ts";
import { BlockControl } from "../block-transfer.ts";
import { CipheredFields } from "../ciphering.ts";
import { ServiceErrorCode, StateError } from "../enumerations.ts";
import { ErrorService, ServiceError } from "../errors.ts";
import { KekId, KeyId } from "../general.ts";
import { DedTag, GloTag } from "../tags.ts";
import { nested } from "./acse-form.ts";
import { dateTime } from "./data-form.ts";
import {
  type AnyForm,
  choiceItem,
  field,
  hex,
  hexText,
  type Item,
  leaf,
  name,
  octets,
  one,
  type Part,
  pascal,
  record,
  several,
} from "./form.ts";

/** Security control, invocation counter and ciphertext, in hex, without their length. */
const ciphered = leaf(
  (value: CipheredFields) => {
    const from = new Reader(encode(CipheredFields, value));
    from.length();
    return hexText(from.rest());
  },
  (text) => {
    const to = new Writer();
    to.sized(fromHex(text));
    return decode(CipheredFields, to.done(), { layer: "xdlms" });
  },
);

const header: readonly Part[] = [
  field("transactionId", "TransactionId", octets),
  field("originatorSystemTitle", "OriginatorSystemTitle", octets),
  field("recipientSystemTitle", "RecipientSystemTitle", octets),
  field("dateTime", "DateTime", dateTime),
  field("otherInformation", "OtherInformation", octets),
];
const keyCipheredData: Part = field("keyCipheredData", "KeyCipheredData", octets);
const keyInfo = choiceItem("choice", {
  "identified-key": ["IdentifiedKey", record(field("keyId", "KeyId", name(KeyId)))],
  "wrapped-key": ["WrappedKey", record(field("kekId", "KekId", name(KekId)), keyCipheredData)],
  "agreed-key": ["AgreedKey", record(field("keyParameters", "KeyParameters", octets), keyCipheredData)],
});

const serviceError = choiceItem(
  "error",
  Object.fromEntries(Object.entries(ServiceError).map(([error, names]) => [error, [pascal(error), valueForm(names)]])),
);

function valueForm(names: Readonly<Record<string, number>>): AnyForm {
  const form = name(names);
  return { put: ({ value }, into) => form.put(value, into), get: (from) => ({ value: form.get(from) }) };
}

/** Converts a name to its XML form: `glo-get-request` becomes `glo_GetRequest`. */
const cipheredName = (apdu: string): string => `${apdu.slice(0, 3)}_${pascal(apdu.slice(4))}`;

/** Errors, ciphered and signed APDUs, block transfer and gateways. */
export const generalForms = (
  apduItem: () => Item<Apdu>,
): Readonly<Record<string, readonly [element: string, AnyForm]>> => {
  const withSystemTitle = record(field("systemTitle", "SystemTitle", octets), several("CipheredService", ciphered));
  const gateway = record(
    field("networkId", "NetworkId", hex(u8, 1)),
    field("physicalDeviceAddress", "PhysicalDeviceAddress", octets),
    nested("content", "Content", apduItem),
  );
  return {
    ...Object.fromEntries(
      [...Object.keys(GloTag), ...Object.keys(DedTag)].map((apdu) => [apdu, [cipheredName(apdu), ciphered]]),
    ),
    "exception-response": [
      "ExceptionResponse",
      record(
        field("stateError", "StateError", name(StateError)),
        field("serviceError", "ServiceError", name(ServiceErrorCode)),
        field("invocationCounter", "InvocationCounter", hex(u32, 4), true),
      ),
    ],
    "confirmed-service-error": [
      "ConfirmedServiceError",
      record(field("service", "Service", name(ErrorService)), field("serviceError", "ServiceError", one(serviceError))),
    ],
    "general-glo-ciphering": ["GeneralGloCiphering", withSystemTitle],
    "general-ded-ciphering": ["GeneralDedCiphering", withSystemTitle],
    "general-ciphering": [
      "GeneralCiphering",
      record(...header, field("keyInfo", "KeyInfo", one(keyInfo), true), several("CipheredContent", ciphered)),
    ],
    "general-signing": [
      "GeneralSigning",
      record(...header, field("content", "Content", octets), field("signature", "Signature", octets)),
    ],
    "general-block-transfer": [
      "GeneralBlockTransfer",
      record(
        several("BlockControl", hex(BlockControl, 1)),
        field("blockNumber", "BlockNumber", hex(u16, 2)),
        field("blockNumberAck", "BlockNumberAck", hex(u16, 2)),
        field("blockData", "BlockData", octets),
      ),
    ],
    "gateway-request": ["GatewayRequest", gateway],
    "gateway-response": ["GatewayResponse", gateway],
  };
};
