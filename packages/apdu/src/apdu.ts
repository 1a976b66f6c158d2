import { asObject, badJson, type Codec, encode, Fault, type Json, Reader, type ReaderOptions } from "@dlmskit/core";
import { AccessRequest, AccessResponse } from "./access.ts";
import { Aare, Aarq, Rlre, Rlrq } from "./acse.ts";
import { ActionRequest, ActionResponse } from "./action.ts";
import { GeneralBlockTransfer } from "./block-transfer.ts";
import { DedCiphered, GeneralGloDedCiphering, GloCiphered } from "./ciphering.ts";
import type { Data, DataLike } from "./data-type.ts";
import { ConfirmedServiceError, ExceptionResponse } from "./errors.ts";
import { Gateway, GeneralCiphering, GeneralSigning } from "./general.ts";
import { GetRequest, GetResponse } from "./get.ts";
import { InitiateRequest, InitiateResponse } from "./initiate.ts";
import {
  type ApduQuirk,
  DataNotification,
  DataNotificationConfirm,
  EventNotificationRequest,
  quirkyCodec,
} from "./notification.ts";
import { SetRequest, SetResponse } from "./set.ts";
import { InformationReportRequest, ReadRequest, ReadResponse, WriteRequest, WriteResponse } from "./short-name.ts";
import { ApduTag, DedTag, GloTag } from "./tags.ts";

/** Any APDU, distinguished by the key `apdu`. */
export type Apdu =
  | Aarq
  | Aare
  | Rlrq
  | Rlre
  | InitiateRequest
  | InitiateResponse
  | GetRequest
  | GetResponse
  | SetRequest
  | SetResponse
  | ActionRequest
  | ActionResponse
  | ExceptionResponse
  | ConfirmedServiceError
  | GloCiphered
  | DedCiphered
  | GeneralGloDedCiphering
  | GeneralCiphering
  | GeneralSigning
  | GeneralBlockTransfer
  | Gateway
  | AccessRequest
  | AccessResponse
  | DataNotification
  | DataNotificationConfirm
  | EventNotificationRequest
  | ReadRequest
  | ReadResponse
  | WriteRequest
  | WriteResponse
  | InformationReportRequest;

/** The type of a value to be written: it may have any `DataLike`, for example an `EncodedData`, where the type has `Data`. */
export type Writable<T> = T extends Data
  ? DataLike
  : T extends Uint8Array | string | number | bigint | boolean | null | undefined
    ? T
    : T extends readonly (infer U)[]
      ? readonly Writable<U>[]
      : { readonly [K in keyof T]: Writable<T[K]> };

/** An APDU to be written: any Data in it may be a `DataLike`. */
export type ApduLike = Writable<Apdu>;

/** The name of a kind of APDU: the value of the key `apdu`. */
export type ApduName = Apdu["apdu"];

// biome-ignore lint/suspicious/noExplicitAny: the table holds codecs of different APDUs
const byTag: (Codec<any> | undefined)[] = new Array(256).fill(undefined);
byTag[ApduTag.aarq] = Aarq;
byTag[ApduTag.aare] = Aare;
byTag[ApduTag.rlrq] = Rlrq;
byTag[ApduTag.rlre] = Rlre;
byTag[ApduTag["initiate-request"]] = InitiateRequest;
byTag[ApduTag["initiate-response"]] = InitiateResponse;
byTag[ApduTag["get-request"]] = GetRequest;
byTag[ApduTag["get-response"]] = GetResponse;
byTag[ApduTag["set-request"]] = SetRequest;
byTag[ApduTag["set-response"]] = SetResponse;
byTag[ApduTag["action-request"]] = ActionRequest;
byTag[ApduTag["action-response"]] = ActionResponse;
byTag[ApduTag["exception-response"]] = ExceptionResponse;
byTag[ApduTag["confirmed-service-error"]] = ConfirmedServiceError;
for (const tag of Object.values(GloTag)) byTag[tag] = GloCiphered;
for (const tag of Object.values(DedTag)) byTag[tag] = DedCiphered;
byTag[ApduTag["general-glo-ciphering"]] = GeneralGloDedCiphering;
byTag[ApduTag["general-ded-ciphering"]] = GeneralGloDedCiphering;
byTag[ApduTag["general-ciphering"]] = GeneralCiphering;
byTag[ApduTag["general-signing"]] = GeneralSigning;
byTag[ApduTag["general-block-transfer"]] = GeneralBlockTransfer;
byTag[ApduTag["gateway-request"]] = Gateway;
byTag[ApduTag["gateway-response"]] = Gateway;
byTag[ApduTag["access-request"]] = AccessRequest;
byTag[ApduTag["access-response"]] = AccessResponse;
byTag[ApduTag["data-notification"]] = DataNotification;
byTag[ApduTag["data-notification-confirm"]] = DataNotificationConfirm;
byTag[ApduTag["event-notification-request"]] = EventNotificationRequest;
byTag[ApduTag["read-request"]] = ReadRequest;
byTag[ApduTag["read-response"]] = ReadResponse;
byTag[ApduTag["write-request"]] = WriteRequest;
byTag[ApduTag["unconfirmed-write-request"]] = WriteRequest;
byTag[ApduTag["write-response"]] = WriteResponse;
byTag[ApduTag["information-report-request"]] = InformationReportRequest;

const tagNames = Object.entries({ ...ApduTag, ...GloTag, ...DedTag }) as [string, number][];
// The longest name first: "get-request-normal" starts with "get-request".
tagNames.sort(([one], [other]) => other.length - one.length);
// biome-ignore lint/suspicious/noExplicitAny: see above
const byName = new Map<string, Codec<any>>();

// biome-ignore lint/suspicious/noExplicitAny: see above
function codecOf(name: unknown): Codec<any> {
  if (typeof name === "string") {
    const known = byName.get(name);
    if (known !== undefined) return known;
    const tag = tagNames.find(([prefix]) => name === prefix || name.startsWith(`${prefix}-`))?.[1];
    const codec = tag === undefined ? undefined : byTag[tag];
    if (codec !== undefined) {
      if (byName.size < 256) byName.set(name, codec);
      return codec;
    }
  }
  throw new Fault("unknown-apdu", `"${String(name)}" is not an APDU`, { layer: "xdlms" });
}

export interface DecodeOptions extends ReaderOptions {
  /** Deviations from the standard to accept; none by default. */
  readonly quirks?: readonly ApduQuirk[];
}

const acseOptions: ReaderOptions = { layer: "acse" };
const xdlmsOptions: ReaderOptions = { layer: "xdlms" };

/**
 * Decodes one APDU; the octets must hold nothing else. Octets in the APDU are views into the given ones.
 * The result is a value or a Fault: `unknown-tag`, `truncated`, `bad-length`, `bad-value`, `trailing-octets`,
 * `too-deep`, `list-length-mismatch`, `too-short-for-tag`, and for ACSE `missing-field`, `duplicate-field`, `field-order`.
 */
export function decodeApdu(octets: Uint8Array, options?: DecodeOptions): Apdu {
  const tag = octets[options?.start ?? 0];
  const plain = tag !== undefined && tag >> 2 === 0x18 ? acseOptions : xdlmsOptions;
  const from = new Reader(octets, options === undefined ? plain : { ...plain, ...options });
  if (from.remaining === 0 || tag === undefined) throw from.fault("truncated", "an APDU has at least one octet");
  const quirk = options?.quirks === undefined ? undefined : quirkyCodec(tag, options.quirks);
  const codec = quirk ?? byTag[tag];
  if (codec === undefined)
    throw from.fault("unknown-tag", `no APDU has the tag 0x${tag.toString(16).padStart(2, "0")}`);
  const apdu: Apdu = codec.read(from);
  from.finish();
  return apdu;
}

/** Encodes an APDU. Faults: `unknown-apdu`, `unknown-choice`, `out-of-range`, `bad-value`, `list-length-mismatch`, those of Data. */
export function encodeApdu(apdu: ApduLike): Uint8Array {
  return encode(codecOf(apdu.apdu), apdu);
}

/** The JSON form of an APDU. */
export function apduToJson(apdu: ApduLike): Json {
  return codecOf(apdu.apdu).toJson(apdu);
}

/** The APDU of a JSON form. Faults `bad-json`, `unknown-apdu` and those of `encodeApdu`. */
export function apduFromJson(json: Json): Apdu {
  const given = asObject(json);
  if (typeof given.apdu !== "string") throw badJson('the key "apdu"', given.apdu);
  return codecOf(given.apdu).fromJson(json);
}
