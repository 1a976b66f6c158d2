import { type ConnectOptions, connect, PushListener, type ReceivedPush, type Session } from "@dlmskit/client";
import { Fault, fromAscii, fromHex } from "@dlmskit/core";
import { defaultObject, imageTransfer, SecuritySetup1 } from "@dlmskit/cosem-objects";
import { type HdlcQuirk, Primary, Station } from "@dlmskit/hdlc";
import { CounterGuard, CounterLedger } from "@dlmskit/security";
import { memoryPair, type VirtualClock } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import {
  type FaultName,
  is15959D1,
  parseFaults,
  type Simulator,
  type SimulatorOptions,
  type SimulatorTemplate,
} from "../src/index.ts";
import { bottled } from "./bottle.ts";

/** A Security setup that has certificates. */
export const setup1 = "0.0.43.0.9.255";

/** The first template with an image transfer and certificates, and a public client that may do everything. */
const template: SimulatorTemplate = {
  ...is15959D1,
  clients: is15959D1.clients.map((one) =>
    one.client === 16
      ? { ...one, rights: { attribute: () => 3, method: () => 1 } }
      : one.client === 80
        ? { ...one, mechanism: 5 }
        : one,
  ),
  objects: () => [...is15959D1.objects(), imageTransfer(), defaultObject(SecuritySetup1, setup1)],
};

export interface Met {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  /** Makes the meter push to a head-end system, and returns what arrives there: a push, or why octets were dropped. */
  pushed(): Promise<ReceivedPush | string>;
  open(
    more?: Partial<ConnectOptions> & {
      client?: number;
      quirk?: HdlcQuirk;
      anyWport?: true;
      form?: "general-glo";
      hdlc?: boolean;
      /** The meter has an HDLC address of one octet. */
      short?: boolean;
      meter?: number;
    },
  ): Promise<Session>;
}

/** Lets virtual time pass until it settles. */
async function soon<V>(clock: VirtualClock, promise: Promise<V>): Promise<V> {
  let over = false;
  promise.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  for (let passed = 0; !over && passed < 3000; passed++) await clock.advanceAsync(50);
  return promise;
}

const ledger = (): CounterLedger => {
  const counters = new CounterLedger({ start: 1 });
  counters.reserved(0x10000000);
  return counters;
};

/** One meter with a fault, and a client's way to it. */
export async function meet(fault: FaultName, parameters: unknown = {}, options: SimulatorOptions = {}): Promise<Met> {
  const faults = parseFaults({ faults: [{ fault, with: parameters }] });
  const arrived: ((push: ReceivedPush | string) => void)[] = [];
  const arrives = (push: ReceivedPush | string) => arrived.shift()?.(push);
  const tcp: NonNullable<SimulatorOptions["pushTransports"]>[string] = {
    link: () => new WrapperServerLink(),
    async dial() {
      const [here, there] = memoryPair({ clock });
      listener().accept(there);
      return here;
    },
  };
  const { clock, simulator } = await bottled({
    template,
    ...{ push: "tcp://192.0.2.7:4061", pushTransports: { tcp } },
    ...options,
    faults,
  });
  const pushing = (await simulator.identity(0)).clients.find(({ client }) => client === 64);
  // Each push comes to a listener that has learned nothing from the pushes before.
  const listener = () =>
    new PushListener({
      clock,
      keys: () => ({
        encryptionKey: fromHex(pushing?.encryptionKey ?? ""),
        authenticationKey: fromHex(pushing?.authenticationKey ?? ""),
      }),
      link: () => new WrapperServerLink({ end: "client" }),
      received: arrives,
      dropped: ({ message }) => arrives(message),
    });
  const counters = ledger();
  return {
    ...{ clock, simulator },
    async pushed() {
      const next = new Promise<ReceivedPush | string>((resolve) => arrived.push(resolve));
      await simulator.using(0, (meter) =>
        meter.change((device) => {
          const setup = device.find(40, "0.0.25.9.0.255");
          if (setup !== undefined) device.invoke(setup, 1, { type: "integer", value: 0 });
        }),
      );
      return next;
    },
    async open({
      client = 16,
      quirk,
      anyWport,
      form = "glo" as const,
      hdlc = false,
      short = false,
      meter = 0,
      ...more
    } = {}) {
      const identity = await simulator.identity(meter);
      const own = identity.clients.find((one) => one.client === client);
      const { password, encryptionKey, authenticationKey, mechanism = 0, ciphered = false } = own ?? {};
      const [near, far] = memoryPair();
      const station = short ? { upper: 1 } : { upper: 1, lower: 17 };
      const farLink = hdlc ? new Station({ addresses: [station] }) : new WrapperServerLink({ inactivity: 0 });
      simulator.server.accept(far, farLink, ({ server: device }) => ({ meter: simulator.meter(meter), device }));
      const link = hdlc
        ? new Primary({ client, server: station, quirks: quirk === undefined ? [] : [quirk] })
        : new WrapperClientLink({ client, server: 1, quirks: anyWport ? ["any-wport"] : [] });
      return soon(
        clock,
        connect(
          { duplex: near, link },
          {
            ...{ clock, mechanism: mechanism as 0, ciphered, timeout: 10_000 },
            ...more,
            ...(password === undefined
              ? {}
              : { secret: typeof password === "string" ? fromAscii(password) : fromHex(password.hex) }),
            ...(encryptionKey === undefined || authenticationKey === undefined
              ? {}
              : {
                  security: {
                    ...{
                      suite: 0 as const,
                      form,
                      counters,
                      replay: new CounterGuard(),
                      systemTitle: fromAscii("HES00001"),
                    },
                    keys: { encryptionKey: fromHex(encryptionKey), authenticationKey: fromHex(authenticationKey) },
                  },
                }),
          },
        ),
      );
    },
  };
}

/** What a client sees: a value, or the code of the Fault. */
export async function seenBy(clock: VirtualClock, run: Promise<unknown>): Promise<unknown> {
  try {
    return await soon(clock, run);
  } catch (caught) {
    if (caught instanceof Fault) return caught.code;
    throw caught;
  }
}
