import { networkInterfaces } from "node:os";

/**
 * A host that clients can connect to for what listens on `host`: the host itself, or, where that stands for all addresses of this
 * machine (`0.0.0.0`, `::`), the first address that other machines reach, else the loopback address.
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
