import { Fault, fromAscii, toLatin1 } from "@dlmskit/core";
import { ACK, isPrintable, lineEnd } from "./control-characters.ts";

/** The request message `/?…!` (clause 6.3.1), with the address of the meter that shall answer. */
export interface Request {
  /** Up to 32 characters; leading zeros are ignored. Empty: any meter. */
  readonly deviceAddress: string;
}

/** The identification message `/XXXZ…` (clause 6.3.2). */
export interface Identification {
  /** Three letters. The last one is in lower case if the meter has a reaction time of 20 ms instead of 200 ms. */
  readonly manufacturer: string;
  /** Z: see `baudRateOf` and `modeOf`. */
  readonly baudRate: string;
  /** The characters W of the sequences `\W` before the identification: `"2"` offers mode E with HDLC. Usually empty. */
  readonly enhanced: string;
  /** Up to 16 characters when written. Longer texts are read, because DSMR meters send them. */
  readonly identification: string;
}

/** The acknowledgement and option select message `ACK V Z Y` (clause 6.3.3). */
export interface OptionSelect {
  /** V: 0 normal, 1 secondary, 2 HDLC. */
  readonly protocol: number;
  /** Z, as in the identification message. */
  readonly baudRate: string;
  /** Y: 0 data readout, 1 programming mode, 2 binary mode (HDLC), 6 to 9 manufacturer-specific. */
  readonly mode: number;
}

const layer = "iec62056-21";
const longestAddress = 32;
const longestIdentification = 64;
const addressCharacters = /^[0-9A-Za-z ]*$/;

const refused = (message: string, hint: string): Fault => new Fault("bad-message", message, { layer, hint });

/** The text of a message, without the line end. */
const textOf = (octets: Uint8Array): string => toLatin1(octets).replace(/\r?\n$/, "");

/** Whether two device addresses match: leading zeros are ignored, and an empty request address matches every meter. */
export function addresses(request: string, own: string): boolean {
  const short = (address: string): string => address.replace(/^0+/, "");
  return request === "" || short(request) === short(own);
}

/** Encodes a request message: `/?…!` CR LF. Fault `bad-value`. */
export function encodeRequest({ deviceAddress }: Request): Uint8Array {
  if (deviceAddress.length > longestAddress || !addressCharacters.test(deviceAddress)) {
    const hint = "use digits, letters and spaces, 32 at most";
    throw new Fault("bad-value", `"${deviceAddress}" is not a device address`, { layer, hint });
  }
  return fromAscii(`/?${deviceAddress}!${lineEnd}`);
}

/** Decodes a request message. Fault `bad-message` for other octets. */
export function decodeRequest(octets: Uint8Array): Request {
  const [whole, deviceAddress] = /^\/\?([0-9A-Za-z ]{0,32})!$/.exec(textOf(octets)) ?? [];
  if (whole === undefined || deviceAddress === undefined) {
    throw refused("the octets are not a request message", "expected /? device address ! CR LF");
  }
  return { deviceAddress };
}

/** Encodes an identification message: `/XXXZ\W…` CR LF. Fault `bad-value`. */
export function encodeIdentification(value: Identification): Uint8Array {
  const { manufacturer, baudRate, enhanced, identification } = value;
  const wrong = !/^[A-Za-z]{3}$/.test(manufacturer)
    ? "manufacturer"
    : baudRate.length !== 1 || !isPrintable(baudRate, "/!\\")
      ? "baudRate"
      : !isPrintable(enhanced, "/!\\ ")
        ? "enhanced"
        : identification.length > longestIdentification || !isPrintable(identification, "/!\\")
          ? "identification"
          : undefined;
  if (wrong !== undefined) {
    const hint =
      "use three letters, one character for the baud rate, and printable characters without / ! and \\ for the identification";
    throw new Fault("bad-value", `the ${wrong} of an identification message cannot be "${value[wrong]}"`, {
      layer,
      hint,
    });
  }
  const sequences = [...enhanced].map((character) => `\\${character}`).join("");
  return fromAscii(`/${manufacturer}${baudRate}${sequences}${identification}${lineEnd}`);
}

/** Decodes an identification message. Fault `bad-message` for other octets. */
export function decodeIdentification(octets: Uint8Array): Identification {
  const text = textOf(octets);
  const [whole, manufacturer = "", baudRate = "", sequences = "", identification = ""] =
    /^\/([A-Za-z]{3})([^\\])((?:\\[^/!\\])*)([^\\]*)$/.exec(text) ?? [];
  if (whole === undefined || !isPrintable(text.slice(1), "/!") || identification.length > longestIdentification) {
    throw refused(
      "the octets are not an identification message",
      "expected /, three letters, baud rate, identification, CR LF",
    );
  }
  return { manufacturer, baudRate, enhanced: sequences.replaceAll("\\", ""), identification };
}

/** Encodes an option select message: ACK V Z Y CR LF. Fault `bad-value`. */
export function encodeOptionSelect({ protocol, baudRate, mode }: OptionSelect): Uint8Array {
  const text = `${protocol}${baudRate}${mode}`;
  if (text.length !== 3 || !/^\d[0-9A-Za-z]\d$/.test(text)) {
    const hint = "expected a digit, the baud rate of the identification message, a digit";
    throw new Fault("bad-value", `"${text}" is not an option select message`, { layer, hint });
  }
  return fromAscii(`${String.fromCharCode(ACK)}${text}${lineEnd}`);
}

/** Decodes an option select message. Fault `bad-message` for other octets. */
export function decodeOptionSelect(octets: Uint8Array): OptionSelect {
  const text = textOf(octets);
  const [, protocol, baudRate, mode] = /^(\d)([0-9A-Za-z])(\d)$/.exec(text.slice(1)) ?? [];
  if (text.charCodeAt(0) !== ACK || protocol === undefined || baudRate === undefined || mode === undefined) {
    throw refused("the octets are not an option select message", "expected ACK, protocol, baud rate, mode, CR LF");
  }
  return { protocol: Number(protocol), baudRate, mode: Number(mode) };
}
