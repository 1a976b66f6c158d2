import { concat } from "@dlmskit/core";
import type { TapMessage, TapVerdict } from "@dlmskit/server";
import { z } from "zod";
import { kind } from "./fault-kind.ts";
import { isCiphered } from "./octets-of-apdus.ts";

const none = z.strictObject({});
// Green Book 9.5, xDLMS-APDU: tags and choices.
const getRequest = 0xc0;
const getResponse = 0xc4;
const actionResponse = 0xc7;
const generalBlock = 0xe0;
const rlre = 0x63;
const withBlock = 2;
const withList = 3;
const responses = { get: getResponse, set: 0xc5, action: actionResponse, access: 0xda } as const;
const stateErrors = { "service-not-allowed": 1, "service-unknown": 2 } as const;
const serviceErrors = {
  ...{ "operation-not-possible": 1, "service-not-supported": 2, "other-reason": 3 },
  ...{ "pdu-too-long": 4, "deciphering-error": 5 },
} as const;
type ServiceError = keyof typeof serviceErrors;
const longGetAborted = 15;

const exceptionResponse = (state: number, service: number): Uint8Array => Uint8Array.of(0xd8, state, service);
const replace = (octets: Uint8Array): TapVerdict => ({ do: "replace", octets });
const isPlain = ({ at, way }: TapMessage, which: TapMessage["way"]): boolean => at === "plain" && way === which;
const keyOf = ({ remote, client }: TapMessage): string => `${remote} ${client}`;

/** Number of the block that a GET response carries; undefined: the response carries no block. */
const blockOf = (octets: Uint8Array): number | undefined =>
  octets[0] === getResponse && octets[1] === withBlock
    ? new DataView(octets.buffer, octets.byteOffset).getUint32(4)
    : undefined;

function numbered(octets: Uint8Array, at: number, by: number): Uint8Array {
  const changed = octets.slice();
  const view = new DataView(changed.buffer);
  view.setUint32(at, (view.getUint32(at) + by) >>> 0);
  return changed;
}

/** Faults and quirks of APDUs: what the meter answers, and in which blocks. */
export const apduFaults = {
  exception: kind({
    what: "answers the services `services` with an exception",
    parameters: z.strictObject({
      services: z.array(z.enum(["get", "set", "action", "access"])).min(1),
      state: z.enum(["service-not-allowed", "service-unknown"]).default("service-not-allowed"),
      service: z
        .enum(Object.keys(serviceErrors) as [ServiceError, ...ServiceError[]])
        .default("operation-not-possible"),
    }),
    tap(message, { services, state, service }, { memory, acted }) {
      const key = keyOf(message);
      if (isPlain(message, "sent")) memory.set(key, message.octets[0] as number);
      if (message.at !== "sealed" || message.way === "received") return undefined;
      if (!services.some((name) => responses[name] === memory.get(key))) return undefined;
      memory.delete(key);
      acted();
      return replace(exceptionResponse(stateErrors[state], serviceErrors[service]));
    },
  }),
  "aborted-transfer": kind({
    what: "ends a long answer after `blocks` blocks with long-get-aborted",
    parameters: z.strictObject({ blocks: z.int().min(0).default(1) }),
    tap(message, { blocks }, { acted }) {
      const { octets } = message;
      const number = isPlain(message, "sent") ? blockOf(octets) : undefined;
      if (number === undefined || number <= blocks) return undefined;
      acted();
      // The last-block flag, the block number, and a result in place of the octets.
      return replace(
        concat(octets.subarray(0, 3), Uint8Array.of(1), octets.subarray(4, 8), Uint8Array.of(1, longGetAborted)),
      );
    },
  }),
  "lost-block": kind({
    what: "loses block `block` of each long answer; of general block transfer it is sent when it is asked for again",
    parameters: z.strictObject({ block: z.int().min(1).default(2) }),
    tap(message, { block }, { memory, acted }) {
      const { octets } = message;
      if (isPlain(message, "sent") && blockOf(octets) === block) {
        acted();
        return { do: "drop" };
      }
      if (message.at !== "sealed" || message.way === "received" || octets[0] !== generalBlock) return undefined;
      const number = ((octets[2] as number) << 8) | (octets[3] as number);
      const key = keyOf(message);
      if (number === 1) memory.delete(key);
      if (number !== block || memory.has(key)) return undefined;
      memory.set(key, number);
      acted();
      return { do: "drop" };
    },
  }),
  "blocks-from-0": kind({
    what: "numbers the blocks of a long answer from 0",
    seen: "meters of several makers",
    parameters: none,
    tap(message, _, { acted }) {
      const { octets } = message;
      if (isPlain(message, "sent") && blockOf(octets) !== undefined) {
        acted();
        return replace(numbered(octets, 4, -1));
      }
      if (!isPlain(message, "received") || octets[0] !== getRequest || octets[1] !== withBlock) return undefined;
      return replace(numbered(octets, 3, 1));
    },
  }),
  "blocks-for-small-data": kind({
    what: "sends each answer to GET in blocks, even if it fits one APDU",
    seen: "meters of several makers",
    parameters: none,
    tap(message, _, { acted }) {
      const { octets } = message;
      if (!isPlain(message, "sent") || octets[0] !== getResponse || octets[1] !== 1 || octets[3] !== 0)
        return undefined;
      const data = octets.subarray(4);
      if (data.length >= 0x80) return undefined;
      acted();
      const start = Uint8Array.of(getResponse, withBlock, octets[2] as number, 1, 0, 0, 0, 1, 0, data.length);
      return replace(concat(start, data));
    },
  }),
  "action-without-data": kind({
    what: "answers an ACTION with its result alone, and without the data that the method returns",
    parameters: none,
    tap(message, _, { acted }) {
      const { octets } = message;
      if (!isPlain(message, "sent") || octets[0] !== actionResponse || octets[1] !== 1 || octets[4] !== 1)
        return undefined;
      acted();
      return replace(concat(octets.subarray(0, 4), Uint8Array.of(0)));
    },
  }),
  "short-lists": kind({
    what: "refuses a GET with a list of more than `most` attributes by an exception",
    parameters: z.strictObject({ most: z.int().min(1).default(10) }),
    tap(message, { most }, { memory, acted }) {
      const { octets } = message;
      const key = keyOf(message);
      if (isPlain(message, "received")) {
        if (octets[0] === getRequest && octets[1] === withList && (octets[3] as number) > most) memory.set(key, 1);
        else memory.delete(key);
      }
      if (message.at !== "sealed" || message.way === "received" || !memory.delete(key)) return undefined;
      acted();
      return replace(exceptionResponse(stateErrors["service-not-allowed"], serviceErrors["other-reason"]));
    },
  }),
  "no-release-response": kind({
    what: "does not answer a release request",
    seen: "meters without RLRQ and RLRE",
    parameters: none,
    tap(message, _, { acted }) {
      if (!isPlain(message, "sent") || message.octets[0] !== rlre) return undefined;
      acted();
      return { do: "drop" };
    },
  }),
  "ciphered-length-long-form": kind({
    what: "writes the length of ciphered APDUs in more octets than it needs",
    seen: "T210-D",
    parameters: none,
    tap({ at, way, octets }, _, { acted }) {
      if (at !== "sealed" || way === "received" || !isCiphered(octets[0]) || (octets[1] as number) >= 0x80)
        return undefined;
      acted();
      return replace(concat(octets.subarray(0, 1), Uint8Array.of(0x82, 0, octets[1] as number), octets.subarray(2)));
    },
  }),
  "ciphered-length-wrong": kind({
    what: "writes a length of ciphered APDUs that is wrong by `by` octets",
    seen: "T210-D",
    parameters: z.strictObject({ by: z.int().min(-16).max(16).default(1) }),
    tap({ at, way, octets }, { by }, { acted }) {
      if (at !== "sealed" || way === "received" || !isCiphered(octets[0]) || (octets[1] as number) >= 0x70)
        return undefined;
      acted();
      const changed = octets.slice();
      changed[1] = (changed[1] as number) + by;
      return replace(changed);
    },
  }),
};
