import { T } from "@dlmskit/apdu";
import { PushListener, type PushListenerOptions, type ReceivedPush } from "@dlmskit/client";
import { Fault } from "@dlmskit/core";
import {
  type AnyObject,
  Clock,
  defaultObject,
  type PushSetupOptions,
  pushSetup,
  register,
  TcpUdpSetup,
} from "@dlmskit/cosem-objects";
import type { Store } from "@dlmskit/storage";
import { type Duplex, memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import {
  type AssociationSpec,
  Meter,
  meterTemplate,
  none,
  type PushOptions,
  Server,
  type ServerEvent,
  SimulatedTime,
} from "../src/index.ts";

export const start = Date.UTC(2026, 4, 4, 10);
export const key = (octet: number) => new Uint8Array(16).fill(octet);
export const energy = () => register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 7, unit: "Wh" });
export const port = defaultObject(TcpUdpSetup, "0.0.25.0.0.255");
export const clock = () => defaultObject(Clock, "0.0.1.0.0.255");
export const element = (object: AnyObject, attributeId: number, dataIndex = 0) => ({
  classId: object.spec.classId as number,
  instanceId: object.instance,
  attributeId,
  dataIndex,
});

export interface PushWorld {
  readonly options?: Partial<PushSetupOptions>;
  readonly client?: AssociationSpec;
  readonly more?: readonly AnyObject[];
  readonly listener?: Partial<PushListenerOptions>;
  readonly push?: Partial<PushOptions>;
  readonly store?: Store;
  /** What is seen, and altered, of the octets of a connection. */
  readonly line?: (duplex: Duplex) => Duplex;
  /** What is made of the Push setup. */
  readonly alter?: (setup: AnyObject) => AnyObject;
}

/** A meter with a Push setup and a listener, joined by lines in memory, in virtual time. */
export function pushWorld({
  options,
  client,
  more = [],
  listener,
  push,
  store,
  line = (one) => one,
  alter = (one) => one,
}: PushWorld) {
  const value = energy();
  const made: AnyObject = pushSetup("0.0.25.9.0.255", {
    version: 0,
    pushObjectList: [element(value, 2)],
    destination: "192.0.2.7:4059",
    client: client?.client ?? 16,
    ...options,
  });
  const setup = alter(made);
  const machine = new VirtualClock();
  const time = new SimulatedTime({ source: () => machine.now(), start });
  const events: ServerEvent[] = [];
  const received: (ReceivedPush & { readonly at: number })[] = [];
  const dropped: Fault[] = [];
  let down = false;
  const dialled: number[] = [];
  const seconds = () => machine.now() / 1000;
  const hes = new PushListener({
    clock: machine,
    link: () => new WrapperServerLink({ end: "client" }),
    received: (one) => void received.push({ ...one, at: seconds() }),
    dropped: (fault) => void dropped.push(fault),
    ...listener,
  });
  const associations: Record<string, AssociationSpec> = { open: { client: 16, security: none(), access: "full" } };
  if (client !== undefined) associations.push = client;
  const meter = new Meter(meterTemplate({ objects: [value, setup, ...more], associations }), { name: "ABC1" });
  const server = new Server({
    ...{ meters: meter, clock: machine, time },
    ...(store === undefined ? {} : { store }),
    events: (event) => void events.push(event),
    push: {
      transports: {
        tcp: {
          async dial() {
            dialled.push(seconds());
            if (down) throw new Fault("connection-refused", "nobody listens", { layer: "transport" });
            const [here, there] = memoryPair({ clock: machine, latency: 1 });
            hes.accept(there);
            return line(here);
          },
          link: () => new WrapperServerLink(),
        },
      },
      ...push,
    },
  });
  return {
    ...{ meter, server, setup, value, events, received, dropped, dialled, machine },
    down(is: boolean) {
      down = is;
    },
    async go(toSeconds: number) {
      await machine.advanceAsync(toSeconds * 1000 - machine.now());
    },
    trigger: async () => meter.invoke(setup, 1, { type: "integer", value: 0 }),
    what: () =>
      events.flatMap((one) => {
        if (one.type === "push-sent") return [one.confirmed ? "confirmed" : "sent"];
        return one.type === "push-failed" ? [one.again ? "again" : "failed"] : [];
      }),
    async close() {
      server.close();
      await server.settled();
    },
  };
}
