import { Fault, fromAscii } from "@dlmskit/core";
import { type AnyObject, PushSetup0 } from "@dlmskit/cosem-objects";
import { UnnumberedLink } from "@dlmskit/hdlc";
import { type PushOptions, pushTcp, pushTls, pushUdp } from "@dlmskit/server";
import type { TlsConnectOptions } from "@dlmskit/transport/node";
import { WrapperDatagramLink, WrapperServerLink } from "@dlmskit/wrapper";

/** The transports that carry the pushes of simulated meters to their destinations. */
export const pushTransports = (tls: TlsConnectOptions | undefined): PushOptions["transports"] => ({
  tcp: pushTcp(() => new WrapperServerLink()),
  udp: pushUdp(() => new WrapperDatagramLink()),
  hdlc: pushTcp(() => new UnnumberedLink()),
  ...(tls === undefined ? {} : { tls: pushTls(() => new WrapperServerLink(), tls) }),
});

const services: { readonly [scheme: string]: number } = { tcp: 0, udp: 1, hdlc: 5, tls: 0, mbus: 6 };

/** The objects, with another destination in their Push setups. Fault `bad-value` if the text is not a destination. */
export function pushingTo(objects: readonly AnyObject[], destination: string | undefined): readonly AnyObject[] {
  if (destination === undefined) return objects;
  const [, scheme = "", place = ""] = /^([a-z]+):\/\/(\S+:\d{1,5})$/.exec(destination) ?? [];
  const transportService = Object.hasOwn(services, scheme) ? services[scheme] : undefined;
  if (transportService === undefined) {
    throw new Fault("bad-value", `"${destination}" is not a destination of pushes`, {
      layer: "simulator",
      hint: "give tcp://, udp://, hdlc://, mbus:// or tls://HOST:PORT",
    });
  }
  const sendDestinationAndMethod = {
    transportService,
    destination: fromAscii(["tls", "mbus"].includes(scheme) ? destination : place),
    message: 0,
  };
  return objects.map((object) =>
    object.spec.classId === PushSetup0.classId
      ? { ...object, values: { ...object.values, sendDestinationAndMethod } }
      : object,
  );
}
