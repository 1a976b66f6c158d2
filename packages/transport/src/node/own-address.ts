import { networkInterfaces } from "node:os";

/**
 * The host to which clients can connect if a listener has the host `host`. This is `host` itself. If `host` means all addresses of
 * this machine (`0.0.0.0`, `::`), it is the first address that other machines can reach, or else the loopback address.
 */
export function connectableHost(host: string): string {
  if (host !== "0.0.0.0" && host !== "::") return host;
  const families: readonly string[] = host === "::" ? ["IPv4", "IPv6"] : ["IPv4"];
  const addresses = Object.values(networkInterfaces()).flatMap((known = []) => known);
  const outward = addresses.find(
    ({ internal, family, address }) => !internal && families.includes(family) && !address.startsWith("fe80"),
  );
  return outward?.address ?? (host === "::" ? "::1" : "127.0.0.1");
}
