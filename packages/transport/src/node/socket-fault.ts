import { Fault, type FaultCode } from "@dlmskit/core";

const known: Readonly<Record<string, readonly [code: FaultCode<"transport">, what: string, hint: string]>> = {
  ECONNREFUSED: [
    "connection-refused",
    "nobody listens there",
    "is the meter or the simulator running, and is this its port?",
  ],
  ECONNRESET: ["connection-reset", "the peer has cut the connection", "the peer's log may say why"],
  EPIPE: ["connection-reset", "the peer has closed the connection", "the peer's log may say why"],
  ECONNABORTED: ["connection-reset", "the connection was cut", "look for a firewall between"],
  ETIMEDOUT: ["connect-timeout", "no answer", "is the address right, and may packets pass?"],
  EHOSTUNREACH: ["unreachable", "no way to that host", "is the address right and the network up?"],
  ENETUNREACH: ["unreachable", "no way to that network", "is the network up?"],
  ENOTFOUND: ["unknown-host", "there is no host of that name", "check the name, or give its address"],
  EAI_AGAIN: ["unknown-host", "the name could not be looked up", "is the name server reachable?"],
  EADDRINUSE: [
    "address-in-use",
    "another program has that port",
    "choose another port, 0 for any, or stop the other program",
  ],
  EADDRNOTAVAIL: [
    "address-not-available",
    "this machine does not have that address",
    "127.0.0.1 is this machine alone, 0.0.0.0 all its addresses",
  ],
  EACCES: ["not-permitted", "not permitted", "ports below 1024 need a privilege"],
  EMFILE: ["too-many-open-files", "this process has no file descriptor left", "raise the limit (ulimit -n)"],
  EMSGSIZE: ["datagram-too-long", "too long for a datagram", "use a smaller PDU size"],
};

/** The Fault for an error of a socket: what was tried (`"connect to 127.0.0.1:4059"`), what came of it, what to try. */
export function socketFault(error: unknown, tried: string): Fault {
  const name = (error as { readonly code?: unknown } | null)?.code;
  const entry = typeof name === "string" && Object.hasOwn(known, name) ? known[name] : undefined;
  if (entry === undefined) {
    const message = `${tried}: ${error instanceof Error ? error.message : String(error)}`;
    return new Fault("transport-failed", message, { layer: "transport", cause: error });
  }
  const [code, what, hint] = entry;
  return new Fault(code, `${tried}: ${what}`, { layer: "transport", hint, cause: error });
}

/** Fault `bad-port` unless `port` is an integer from `low` to 65535. */
export function checkPort(port: number, low: 0 | 1): void {
  if (Number.isInteger(port) && port >= low && port <= 0xffff) return;
  throw new Fault("bad-port", `${port} is not a port`, { layer: "transport", hint: `a number from ${low} to 65535` });
}
