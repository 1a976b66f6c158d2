import { Fault, type FaultCode } from "@dlmskit/core";

const known: Readonly<Record<string, readonly [code: FaultCode<"transport">, what: string, hint: string]>> = {
  ECONNREFUSED: [
    "connection-refused",
    "connection refused: no program listens on that port",
    "check that the meter or the simulator runs, and that this is its port",
  ],
  ECONNRESET: ["connection-reset", "the peer has reset the connection", "the peer's log may say why"],
  EPIPE: ["connection-reset", "the peer has closed the connection", "the peer's log may say why"],
  ECONNABORTED: ["connection-reset", "the connection was aborted", "check whether a firewall is in between"],
  ETIMEDOUT: ["connect-timeout", "no answer", "check the address, the network and the firewall"],
  EHOSTUNREACH: ["unreachable", "there is no route to that host", "check the address and the network"],
  ENETUNREACH: ["unreachable", "there is no route to that network", "check the network"],
  ENOTFOUND: ["unknown-host", "the host name is not known", "check the name, or give the address"],
  EAI_AGAIN: ["unknown-host", "the name could not be looked up", "check that the name server can be reached"],
  EADDRINUSE: [
    "address-in-use",
    "another program uses that port",
    "choose another port (0 for any), or stop the other program",
  ],
  EADDRNOTAVAIL: [
    "address-not-available",
    "this machine does not have that address",
    "use 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses",
  ],
  EACCES: ["not-permitted", "permission denied", "ports below 1024 need a privilege; choose a higher port"],
  EMFILE: ["too-many-open-files", "this process has no file descriptor left", "raise the limit (ulimit -n)"],
  EMSGSIZE: ["datagram-too-long", "the PDU is too long for a datagram", "use a smaller PDU size"],
};

/** The Fault for an error of a socket: what was tried (`"connect to 127.0.0.1:4059"`), the result, and what to try. */
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
  throw new Fault("bad-port", `${port} is not a port`, {
    layer: "transport",
    hint: `give a number from ${low} to 65535`,
  });
}
