import { inRange, type LogicalName, logicalName } from "@dlmskit/core";
import { TcpUdpSetup } from "../classes/internet/tcp-udp-setup.ts";
import type { Values } from "../interface-class.ts";
import { type AnyObject, type CosemObject, type Hooks, object } from "../object.ts";
import { refuse } from "../refusal.ts";

type TcpUdpValues = Values<typeof TcpUdpSetup>;

const acting = new WeakSet<object>();

/**
 * Connections of the meter over TCP and UDP (class 41, version 0; Blue Book 4.9.1). A server reads this object when a connection begins to
 * use the meter, so that written values apply from the next connection on. A connection ends when the client has sent nothing for
 * `inactivityTimeOut` s (0: never). Over TCP at most `nbOfSimConn` connections are served at the same time; a further one is closed.
 * Refused with other-reason: 0 connections, and a port or segment size other than those that the object was made with, because an open
 * socket cannot change them; add write hooks if your socket can.
 * @param values Values that are left out have the default of the class: port 4059, 576 octets, 1 connection, 180 s. Fault `out-of-range`.
 */
export function tcpUdpSetup(
  instance: LogicalName,
  values: Partial<TcpUdpValues> & Pick<TcpUdpValues, "ipReference">,
  hooks: Hooks<typeof TcpUdpSetup> = {},
): CosemObject<typeof TcpUdpSetup> {
  const { attributes } = TcpUdpSetup;
  const all: TcpUdpValues = {
    tcpUdpPort: attributes.tcpUdpPort.default,
    mss: attributes.mss.default,
    nbOfSimConn: attributes.nbOfSimConn.default,
    inactivityTimeOut: attributes.inactivityTimeOut.default,
    ...values,
    ipReference: logicalName(values.ipReference),
  };
  inRange(all.nbOfSimConn, 1, 0xff);
  const fixed = (what: string, written: number, is: number): void => {
    if (written !== is) throw refuse("other-reason", `the ${what} is ${is}`);
  };
  const own: Hooks<typeof TcpUdpSetup> = {
    ...hooks,
    write: {
      tcpUdpPort: ({ tcpUdpPort }, written) => fixed("port", written, tcpUdpPort),
      mss: ({ mss }, written) => fixed("maximum segment size", written, mss),
      nbOfSimConn(current, written) {
        if (written < 1) throw refuse("other-reason", "nobody could connect any more");
        current.nbOfSimConn = written;
      },
      ...hooks.write,
    },
  };
  acting.add(own);
  return object(TcpUdpSetup, instance, all, own);
}

/** Whether a server uses the settings of an object. An object of the class that was not made by `tcpUdpSetup` only has its attributes. */
export const setsUpTcpUdp = ({ hooks }: AnyObject): boolean => acting.has(hooks);
