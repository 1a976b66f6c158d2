import { Fault } from "@dlmskit/core";
import { EncryptionKeyStatus, type MbusClient1 } from "../classes/mbus/mbus-client.ts";
import type { Values } from "../interface-class.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { after } from "../maybe-promise.ts";
import type { Context, CosemObject } from "../object.ts";
import type { MbusPort, MbusTelegram } from "./mbus-client.ts";

// EN 13757-3: the device type, and the VIF of the counted quantity.
const media = {
  electricity: { deviceType: 2, vif: 0x03 },
  gas: { deviceType: 3, vif: 0x13 },
  heat: { deviceType: 4, vif: 0x06 },
  water: { deviceType: 7, vif: 0x13 },
} as const;

export interface MbusSlaveOptions {
  /** The counter unit is the litre for gas and water, kWh for heat, Wh for electricity. */
  readonly medium: keyof typeof media;
  /** A number of up to eight decimal digits, or a function that gives the number of the slave of a meter. */
  readonly identificationNumber: number | ((context: Context) => number);
  /** Three letters A to Z (FLAG). */
  readonly manufacturer: string;
  /** 1 by default. */
  readonly version?: number;
  /** The counter value, 0 to 4294967295; undefined: the slave does not answer. */
  reading(context: Context): MaybePromise<number | undefined>;
  /** The status octet; 0 by default. */
  status?(context: Context): number;
  /** The alarm octet; by default telegrams have none, and the alarm of the client stays as it is. */
  alarm?(context: Context): number;
  /** Called when the client resets the alarm. */
  alarmReset?(context: Context): void;
}

/** FLAG letters as the two octets of a header (EN 13757-3, 5.6). Fault `bad-value`. */
export function mbusManufacturer(letters: string): number {
  if (!/^[A-Z]{3}$/.test(letters)) {
    throw new Fault("bad-value", `a manufacturer has three letters A to Z, not ${JSON.stringify(letters)}`, {
      layer: "cosem",
    });
  }
  return [...letters].reduce((sum, letter) => (sum << 5) | (letter.charCodeAt(0) - 64), 0);
}

/** A double-long-unsigned record: DIF 04h, instantaneous value of 32 bits. */
const dif = 0x04;

/**
 * A simulated slave on its own line, for the `port` of one `mbusClient`. It answers at the primary address of the client, so that it can
 * still be reached after a restart. After a key was transferred its telegrams are encrypted, and a client without the key gets no telegram.
 * Fault `bad-value`.
 */
export function mbusSlave(options: MbusSlaveOptions): MbusPort {
  const { medium, version = 1, reading, status, alarm, alarmReset } = options;
  const { deviceType, vif } = media[medium];
  const manufacturerId = mbusManufacturer(options.manufacturer);
  const { identificationNumber: given } = options;
  const numberIn = typeof given === "function" ? (context: Context) => checkedNumber(given(context)) : () => given;
  if (typeof given === "number") checkedNumber(given);
  const clientOf = ({ device, object }: Context): Readonly<Values<typeof MbusClient1>> =>
    device.values(object as CosemObject<typeof MbusClient1>);
  const isHere = (address: number, context: Context): boolean => clientOf(context).primaryAddress === address;
  return {
    identify: (address, context) =>
      isHere(address, context)
        ? { identificationNumber: numberIn(context), manufacturerId, version, deviceType }
        : undefined,
    request(address, key, context) {
      const { accessNumber, state } = clientOf(context);
      const keyStatus = state?.keyStatus ?? 0;
      const encrypted = keyStatus >= EncryptionKeyStatus.encryptionKeyTransferred;
      if (!isHere(address, context) || (encrypted && key === undefined)) return undefined;
      return after(reading(context), (value): MbusTelegram | undefined =>
        value === undefined
          ? undefined
          : {
              accessNumber: (accessNumber + 1) & 0xff,
              ...{ status: status?.(context) ?? 0, encrypted },
              ...(alarm === undefined ? {} : { alarm: alarm(context) }),
              records: [
                {
                  dataInformationBlock: Uint8Array.of(dif),
                  valueInformationBlock: Uint8Array.of(vif),
                  data: { type: "double-long-unsigned", value },
                },
              ],
            },
      );
    },
    command(address, what, context) {
      if (!isHere(address, context)) return false;
      if (what.do === "reset-alarm") alarmReset?.(context);
      return true;
    },
  };
}

function checkedNumber(identificationNumber: number): number {
  if (Number.isInteger(identificationNumber) && identificationNumber >= 0 && identificationNumber <= 99_999_999) {
    return identificationNumber;
  }
  throw new Fault("bad-value", `an identification number has eight digits, not ${identificationNumber}`, {
    layer: "cosem",
  });
}
