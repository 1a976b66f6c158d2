import type { LikelyCause } from "@dlmskit/client";
import type { MeterOptions } from "./meter-options.ts";

/** The texts of likely causes, in terms of the options of the command. */
export function causeTexts(options: MeterOptions): (cause: LikelyCause) => string {
  const { keys, client, server, auth, link, timeout, referencing } = options;
  const texts: { readonly [cause in LikelyCause]: string } = {
    "wrong-secret":
      keys === undefined
        ? "--password, --ek and --ak must be those of this client"
        : `${keys} must have the password and keys of client ${client}`,
    "locked-out": "the meter may refuse this client for some time after wrong passwords; its own log says so",
    "wrong-mechanism": `client ${client} may need another --auth than ${auth}`,
    "wrong-client": `--client ${client} may be the wrong client`,
    "unknown-client": `the meter may not know --client ${client}`,
    "needs-authentication": "the client may need --auth with a password or keys",
    "wrong-server": `--server ${server} may be the address of no logical device`,
    "needs-ciphering": "the client may need a ciphered association: give --ek and --ak, or --keys",
    "no-ciphering": `the meter may not allow ciphering for client ${client}: leave out --ek and --ak`,
    "wrong-referencing":
      referencing === "sn"
        ? "the meter may have logical names only: leave out --referencing sn"
        : "the meter may have short names only: --referencing sn",
    "wrong-system-title": "the meter may expect another --system-title of this client",
    "shared-counters": "another program may use the same key and system title: give each its own --system-title",
    "lost-counters":
      "the folder of --state may be lost or set back: name the object with the meter's counter by --counter",
    "wrong-server-title": "the meter's system title may not be the one in its answer",
    "wrong-link": `the peer may use another link layer: try --link ${link === "wrapper" ? "hdlc" : "wrapper"}`,
    "wrong-service": "the port may belong to another service (HTTP, TLS)",
    "wrong-address": `${link === "wrapper" ? "--server" : "--server and --physical"} or --client may be wrong: a meter does not answer requests to other addresses`,
    "closed-by-meter": `the meter may not know client ${client} or server ${server}, or may have no free connection`,
    "slow-line": `the line may be slow: raise --timeout (now ${timeout} ms); --trace shows what is received`,
    "not-behind-gateway":
      "the gateway may not reach the meter: check --gateway NETWORK/ADDRESS, and that HOST is a gateway",
  };
  return (cause) => texts[cause];
}
