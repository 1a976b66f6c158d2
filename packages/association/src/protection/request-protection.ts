import { type CosemDateTime, Fault } from "@dlmskit/core";
import type { GeneralKey } from "@dlmskit/security";
import type { Sealing } from "./sealing.ts";

/** How one request is protected. Absent values are those of the association (`InitiatorSecurity`). */
export interface RequestProtection {
  readonly authenticated?: boolean;
  readonly encrypted?: boolean;
  readonly form?: "glo" | "general-glo" | "general-ciphering";
  /** The key of `"general-ciphering"`. */
  readonly generalKey?: GeneralKey;
  /** `false`: not signed, even if the requests of the association are. */
  readonly signed?: "inside" | "outside" | false;
  /**
   * The transaction-id of general-ciphering and general-signing; by default a new one. A server refuses a transaction-id that it has
   * seen: the further APDUs of a request in blocks have new ones.
   */
  readonly transactionId?: Uint8Array;
  /** date-time and other-information of general-ciphering and general-signing; empty by default. */
  readonly dateTime?: CosemDateTime;
  readonly otherInformation?: Uint8Array;
}

/** The sealing of a request with a protection of its own. Fault `missing-parameter` without any protection. */
export function sealingWith(sealing: Sealing, own: RequestProtection): Sealing {
  const { generalKey, signed, ...fields } = own;
  const { signed: usual, transactionId: _, ...rest } = sealing;
  const signature = signed ?? usual ?? false;
  const made: Sealing = {
    ...rest,
    ...fields,
    ...(generalKey === undefined ? {} : { key: generalKey }),
    ...(signature === false ? {} : { signed: signature }),
  };
  if (made.authenticated || made.encrypted || made.signed !== undefined) return made;
  throw new Fault("missing-parameter", "a request of a ciphered association must be protected", {
    layer: "association",
    hint: "leave authenticated, encrypted or signed on",
  });
}

/** The options of a further request: a transaction-id that was given is used once. */
export function withoutTransaction<O extends { readonly protection?: RequestProtection }>(options: O): O {
  if (options.protection?.transactionId === undefined) return options;
  const { transactionId: _, ...protection } = options.protection;
  return { ...options, protection };
}

/** The sealing of the further APDUs of a request: a transaction-id is used once. */
export function continued(sealing: Sealing | undefined): Sealing | undefined {
  if (sealing?.transactionId === undefined) return sealing;
  const { transactionId: _, ...rest } = sealing;
  return rest;
}
