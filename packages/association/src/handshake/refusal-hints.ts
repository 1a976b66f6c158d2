import type { InitiatorOptions } from "../initiator-options.ts";

type Asked = Pick<InitiatorOptions, "mechanism" | "ciphered">;

const lockedOut = "the server may refuse a client for a while after wrong passwords";
const secrets = ({ ciphered, mechanism }: Asked): string =>
  mechanism === 0 && !ciphered
    ? "it may need a `mechanism` with its `secret`"
    : `${mechanism === 0 ? "`security.keys`" : ciphered ? "`secret` and `security.keys`" : "`secret`"} must be those of this client`;

/** What to try after a refusal with that diagnostic or InitiateError, the likeliest cause first. */
export function refusalHint(detail: string, asked: Asked): string {
  const { mechanism, ciphered } = asked;
  switch (detail) {
    case "authentication-required":
    case "authentication-mechanism-name-required":
    case "authentication-mechanism-name-not-recognised":
      return `this client needs another \`mechanism\` than ${mechanism}, or it is the wrong client`;
    case "authentication-failure":
      return `${secrets(asked)}; ${lockedOut}`;
    case "application-context-name-not-supported":
      return ciphered
        ? "this client may have no ciphering: leave `ciphered` out"
        : "this client may need `ciphered` and `security`, or the server has short names only (`referencing`)";
    case "calling-ap-title-not-recognized":
    case "calling-ap-title-not-recognised":
      return "the server knows another `security.systemTitle` of this client";
    default:
      return `the client or the server address may be unknown there; ${secrets(asked)}; ${lockedOut}`;
  }
}

/** What to try where the proof of HLS was refused, or the server's was wrong. */
export const hlsHint = (asked: Asked): string => `${secrets(asked)}; ${lockedOut}`;
