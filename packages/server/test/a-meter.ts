import { T } from "@dlmskit/apdu";
import {
  type AnyObject,
  anyDataObject,
  clock,
  dataObject,
  disconnectControl,
  object,
  profileGeneric,
  Register,
  refuse,
  register,
  retype,
} from "@dlmskit/cosem-objects";
import { hls, hls5, lls, type MeterOptions, meter, none } from "../src/index.ts";
import { ak, ek } from "./a-client.ts";

export const kek = Uint8Array.from({ length: 16 }, (_, at) => 0x40 + at);

/** A meter with something of everything. */
export function aMeter(more: Partial<MeterOptions> = {}) {
  const time = clock();
  const energy = register(
    "1.0.1.8.0.255",
    { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" },
    {
      invoke: {
        reset(values) {
          values.value = 0;
        },
      },
    },
  );
  const voltage = object(retype(Register, "value", T.longUnsigned), "1.0.32.7.0.255", {
    value: 230,
    scalerUnit: { scaler: 0, unit: "V" },
  });
  const note = dataObject("0.0.96.1.10.255", { type: T.octetString, value: Uint8Array.of(1) });
  const limit = dataObject(
    "0.0.96.1.11.255",
    { type: T.unsigned, value: 5 },
    {
      write: {
        value(values, value) {
          if (value > 100) throw refuse("other-reason");
          values.value = value;
        },
      },
    },
  );
  const slow = dataObject("0.0.96.1.12.255", { type: T.unsigned, value: 0 }, { read: { value: async () => 77 } });
  const broken = dataObject(
    "0.0.96.1.13.255",
    { type: T.unsigned, value: 0 },
    {
      read: {
        value: () => {
          throw new Error("sensor");
        },
      },
      write: { value: () => Promise.reject(new Error("flash")) },
    },
  );
  const unencodable = dataObject("0.0.96.1.14.255", { type: T.unsigned, value: 0 }, { read: { value: () => 300 } });
  const load = profileGeneric("1.0.99.1.0.255", { capture: [time, energy], entries: 200, period: 900 });
  const relay = disconnectControl();
  const objects: AnyObject[] = [
    ...[time, energy, voltage, note, limit, slow, broken, unencodable, load, relay],
    anyDataObject("0.0.96.1.15.255", { type: "null-data" }),
  ];
  const made = meter({
    name: "TST0000000000001",
    objects,
    associations: {
      public: { client: 16, security: none(), access: "public" },
      reader: { client: 32, security: lls("reader-secret"), access: "read" },
      utility: {
        client: 48,
        security: hls5({ encryptionKey: ek, authenticationKey: ak, masterKey: kek }),
        access: "full",
      },
      india: {
        client: 49,
        security: hls(2, "0123456789abcdef", { encryptionKey: ek, authenticationKey: ak }),
        access: "full",
      },
      open: { client: 1, security: none(), access: "full" },
    },
    firstCounter: 0,
    ...more,
  });
  return { meter: made, objects, time, energy, voltage, note, limit, slow, broken, load, relay };
}
