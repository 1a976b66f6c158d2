// A client and a served meter with a gateway between them: the APDUs of the gateway that pass.
import { decodeApdu, gatewayAddress } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { gateway, meter, none, Server } from "@dlmskit/server";
import { type Duplex, memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

const header = 8;

/** The names of the gateway's APDUs that were sent while the name of a meter behind it was read. */
export async function throughGateway(): Promise<ReadonlySet<string>> {
  const clock = new VirtualClock();
  const associations = { open: { client: 16, security: none(), access: "read" as const } };
  const behind = { "1/001": meter({ name: "ACM0000000000001", objects: [], associations }) };
  const [near, far] = memoryPair({ clock });
  const sent = new Set<string>();
  const heard = (duplex: Duplex): Duplex => ({
    ...{ remote: duplex.remote, bufferedOctets: 0 },
    start: (handlers) => duplex.start(handlers),
    end: () => duplex.end(),
    destroy: () => duplex.destroy(),
    send(octets) {
      sent.add(decodeApdu(octets.subarray(header)).apdu);
      duplex.send(octets);
    },
  });
  const random = (count: number): Uint8Array => new Uint8Array(count);
  new Server({ meters: gateway({ behind }), clock, random }).accept(heard(far), new WrapperServerLink({}));
  const line = { duplex: heard(near), link: new WrapperClientLink({ client: 16, server: 1 }) };
  const reading = connect(line, { clock, gateway: gatewayAddress("1/001") }).then(async (session) => {
    await session.get({ classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 });
    await session.close();
  });
  let over = false;
  const ended = reading.finally(() => {
    over = true;
  });
  while (!over) await clock.advanceAsync(5);
  await ended;
  return sent;
}
