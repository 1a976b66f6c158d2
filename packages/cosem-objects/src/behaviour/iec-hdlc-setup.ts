import { inRange, type LogicalName } from "@dlmskit/core";
import { IecHdlcSetup1 } from "../classes/ports/iec-hdlc-setup.ts";
import type { Values } from "../interface-class.ts";
import { type AnyObject, type CosemObject, type Hooks, object } from "../object.ts";
import { refuse } from "../refusal.ts";

type HdlcValues = Values<typeof IecHdlcSetup1>;

const anyAddress = 0;
/**
 * The lower addresses that a device may have. 0x7E and 0x3FFE are the calling physical device, 0x7F and 0x3FFF all stations. IEC 62056-46
 * 6.4.2.3.
 */
const isDeviceAddress = (address: number): boolean =>
  address >= 0x10 && address <= 0x3ffd && address !== 0x7e && address !== 0x7f;

const acting = new WeakSet<object>();

/**
 * The data link of an HDLC port (class 23, version 1; Blue Book 4.7.2). A server reads this object whenever a client opens a data link
 * (SNRM), so that written values apply from the next data link on. Window sizes and lengths are the maximum that is negotiated. An
 * unfinished frame is discarded after `interOctetTimeOut` ms of silence; the data link ends after `inactivityTimeOut` s (0: never).
 * `deviceAddress` is the lower HDLC address; 0 means any address and cannot be written. Refused with other-reason: values out of range and
 * reserved addresses. `commSpeed` is only shown.
 * @param values Values that are left out have the default of the class, except `interOctetTimeOut`: 500 ms, because the parts of a frame
 * arrive late over TCP. Fault `out-of-range`.
 */
export function iecHdlcSetup(
  instance: LogicalName,
  values: Partial<HdlcValues> = {},
  hooks: Hooks<typeof IecHdlcSetup1> = {},
): CosemObject<typeof IecHdlcSetup1> {
  const { attributes } = IecHdlcSetup1;
  const all: HdlcValues = {
    commSpeed: attributes.commSpeed.default,
    windowSizeTransmit: attributes.windowSizeTransmit.default,
    windowSizeReceive: attributes.windowSizeReceive.default,
    maxInfoFieldLengthTransmit: attributes.maxInfoFieldLengthTransmit.default,
    maxInfoFieldLengthReceive: attributes.maxInfoFieldLengthReceive.default,
    interOctetTimeOut: 500,
    inactivityTimeOut: attributes.inactivityTimeOut.default,
    deviceAddress: anyAddress,
    ...values,
  };
  for (const [name, spec] of Object.entries(attributes)) {
    if ("range" in spec) inRange(all[name as keyof HdlcValues], spec.range[0], spec.range[1]);
  }
  const own: Hooks<typeof IecHdlcSetup1> = {
    ...hooks,
    write: {
      deviceAddress(current, written) {
        if (!isDeviceAddress(written) && written !== current.deviceAddress) {
          throw refuse("other-reason", `no device has the lower HDLC address ${written}`);
        }
        current.deviceAddress = written;
      },
      ...hooks.write,
    },
  };
  acting.add(own);
  return object(IecHdlcSetup1, instance, all, own);
}

/** Whether a server uses the settings of an object. An object of the class that was not made by `iecHdlcSetup` only has its attributes. */
export const setsUpHdlc = ({ hooks }: AnyObject): boolean => acting.has(hooks);
