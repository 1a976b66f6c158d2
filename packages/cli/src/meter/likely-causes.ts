import { Fault } from "@dlmskit/core";
import type { MeterOptions } from "./meter-options.ts";

const otherLink = ({ link }: MeterOptions): string => `--link ${link === "hdlc" ? "wrapper" : "hdlc"}`;

const otherNames = ({ referencing }: MeterOptions): string =>
  referencing === "sn"
    ? "the meter may have logical names only: leave --referencing sn out"
    : "the meter may have short names only: --referencing sn";

const secrets = ({ keys, client }: MeterOptions): string =>
  keys === undefined
    ? "--password, --ek and --ak must be those of this client"
    : `${keys} must have the password and keys of client ${client}`;

const lockedOut = "the meter may refuse this client for a while after wrong passwords: its own log says so";

/** Likeliest causes by the diagnostic of an AARE, the likeliest first. */
function ofRefusal(options: MeterOptions, detail: string | undefined): readonly string[] {
  const { client, auth } = options;
  switch (detail) {
    case "authentication-required":
    case "authentication-mechanism-name-required":
    case "authentication-mechanism-name-not-recognised":
      return [`client ${client} needs another --auth than ${auth}`, `--client ${client} may be the wrong client`];
    case "authentication-failure":
      return [secrets(options), lockedOut, `--auth ${auth} may be the wrong mechanism`];
    case "application-context-name-not-supported":
      return options.ek === undefined && options.keys === undefined
        ? ["the meter wants a ciphered association: give --ek and --ak, or --keys", otherNames(options)]
        : [`client ${client} may have no ciphering: leave --ek and --ak out`, otherNames(options)];
    case "calling-ap-title-not-recognized":
    case "calling-ap-title-not-recognised":
      return ["the meter knows another --system-title of this client", secrets(options)];
    default:
      return [
        `--client ${client} may be a client that the meter does not know`,
        auth === "none" ? "it may need --auth with a password or keys" : secrets(options),
        "--server may name a logical device that is not there",
        lockedOut,
      ];
  }
}

/** What most likely went wrong, the likeliest first; nothing where the Fault's own hint is all that can be said. */
function causes(fault: Fault, options: MeterOptions): readonly string[] {
  const { link, client, server, timeout } = options;
  switch (fault.code) {
    case "association-refused":
    case "initiate-refused":
      return ofRefusal(options, fault.detail);
    case "authentication-failed":
      return [secrets(options), `--auth ${options.auth} may be the wrong mechanism`, lockedOut];
    case "mechanism-mismatch":
    case "authentication-skipped":
      return [`client ${client} needs another --auth than ${options.auth}`];
    case "invocation-counter-error":
      return [
        "another program uses the same key and system title: give each its own --system-title",
        "the folder of --state was lost or set back: --counter names the object that tells the counter",
      ];
    case "bad-tag":
      return [secrets(options), "the meter's system title is another than its answer says"];
    case "link-broken":
      return [
        `the peer does not speak the wrapper: try ${otherLink(options)}`,
        "the port may be another service's (HTTP, TLS)",
      ];
    case "connection-reset":
    case "link-lost":
      return [
        ...(fault.hint === undefined ? [] : [fault.hint]),
        `client ${client} or server ${server} may be unknown there, or the meter has no connection left`,
        `the peer may speak another link: try ${otherLink(options)}`,
      ];
    case "timeout":
      return [
        ...(fault.hint === undefined ? [] : [fault.hint]),
        ...(fault.layer === "client" || fault.cause === undefined
          ? [
              `${link === "hdlc" ? "--server and --physical" : "--server"} or --client may be wrong: a meter does not answer another's address`,
              `the peer may speak another link: try ${otherLink(options)}`,
            ]
          : []),
        `the line may be slow: raise --timeout (now ${timeout} ms)`,
        "--trace shows what comes",
      ];
    default:
      return [];
  }
}

/** The Fault with the likeliest causes as its hint, one a line, in order. */
export function withLikelyCauses(caught: unknown, options: MeterOptions): unknown {
  if (!(caught instanceof Fault)) return caught;
  const likely = causes(caught, options);
  if (likely.length === 0) return caught;
  const fault = new Fault(caught.code as "timeout", caught.message, {
    layer: caught.layer as "client",
    hint: likely.join("\n"),
    cause: caught,
    ...(caught.offset === undefined ? {} : { offset: caught.offset }),
    ...(caught.expected === undefined ? {} : { expected: caught.expected }),
    ...(caught.detail === undefined ? {} : { detail: caught.detail }),
  });
  fault.path.push(...caught.path);
  return fault;
}
