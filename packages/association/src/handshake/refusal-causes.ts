import type { InitiatorOptions } from "../initiator-options.ts";

/** The options of the client that a refusal depends on. */
export type Asked = Pick<InitiatorOptions, "mechanism" | "ciphered" | "context">;

/** A likely cause of a refused association. */
export type RefusalCause =
  /** The password, secret or keys are not those of this client. */
  | "wrong-secret"
  /** The server refuses the client for some time after wrong passwords. */
  | "locked-out"
  /** The client needs another authentication mechanism. */
  | "wrong-mechanism"
  /** The client SAP is not the intended one. */
  | "wrong-client"
  /** The server does not know the client SAP. */
  | "unknown-client"
  /** The client needs a mechanism with a secret. */
  | "needs-authentication"
  /** The server address names no logical device. */
  | "wrong-server"
  /** The client needs a ciphered association. */
  | "needs-ciphering"
  /** The server allows no ciphering for this client. */
  | "no-ciphering"
  /** The server has short names only, or logical names only. */
  | "wrong-referencing"
  /** The server expects another system title of this client. */
  | "wrong-system-title";

/** Likely causes of a refusal with this diagnostic or InitiateError, the most likely first. */
export function refusalCauses(detail: string | undefined, { mechanism, ciphered }: Asked): readonly RefusalCause[] {
  switch (detail) {
    case "authentication-required":
    case "authentication-mechanism-name-required":
    case "authentication-mechanism-name-not-recognised":
      return ["wrong-mechanism", "wrong-client"];
    case "authentication-failure":
      return ["wrong-secret", "locked-out", "wrong-mechanism"];
    case "application-context-name-not-supported":
      return [ciphered ? "no-ciphering" : "needs-ciphering", "wrong-referencing"];
    case "calling-ap-title-not-recognized":
    case "calling-ap-title-not-recognised":
      return ["wrong-system-title", "wrong-secret"];
    default:
      return [
        "unknown-client",
        mechanism === 0 && !ciphered ? "needs-authentication" : "wrong-secret",
        "wrong-server",
        "locked-out",
      ];
  }
}

/** Likely causes if a proof of HLS was refused, or if that of the server was wrong. */
export const hlsCauses: readonly RefusalCause[] = ["wrong-secret", "wrong-mechanism", "locked-out"];

/** What to try for a cause, in terms of `InitiatorOptions`. */
export function refusalText(cause: RefusalCause, { mechanism, ciphered, context }: Asked): string {
  switch (cause) {
    case "wrong-secret":
      return mechanism === 0
        ? "`security.keys` must be those of this client"
        : ciphered
          ? "`secret` and `security.keys` must be those of this client"
          : "`secret` must be that of this client";
    case "locked-out":
      return "the server may refuse this client for some time after wrong passwords; its own log says so";
    case "wrong-mechanism":
      return `this client may need another \`mechanism\` than ${mechanism}`;
    case "wrong-client":
      return "the client SAP may be the wrong one";
    case "unknown-client":
      return "the server may not know the client SAP";
    case "needs-authentication":
      return "the client may need a `mechanism` with a `secret`";
    case "wrong-server":
      return "the server address may be that of no logical device";
    case "needs-ciphering":
      return "this client may need `ciphered` and `security`";
    case "no-ciphering":
      return "the server may not allow ciphering for this client: leave out `ciphered`";
    case "wrong-referencing":
      return `the server may have ${context === "short-name" ? "logical" : "short"} names only: set \`referencing\``;
    case "wrong-system-title":
      return "the server may expect another `security.systemTitle` of this client";
  }
}

const hintOf = (causes: readonly RefusalCause[], asked: Asked): string =>
  causes.map((cause) => refusalText(cause, asked)).join("\n");

/** The hint of a refusal: a line for each likely cause. */
export const refusalHint = (detail: string, asked: Asked): string => hintOf(refusalCauses(detail, asked), asked);

/** The hint if a proof of HLS was refused, or if that of the server was wrong. */
export const hlsHint = (asked: Asked): string => hintOf(hlsCauses, asked);
