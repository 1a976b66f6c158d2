import { concat, Fault, fromAscii, inRange, sameOctets } from "@dlmskit/core";
import { Hkdf } from "@dlmskit/security";
import { type RandomKey, randomKey } from "../model/random.ts";
import { Permutation } from "./permutation.ts";

/** The values from which a fleet is computed: a row of `fleets` and the number of meters. */
export interface FleetDefinition {
  /** 32 octets or more of randomness. All keys of all meters are derived from it. */
  readonly secret: Uint8Array;
  /** The name of the template. It is a part of the meter ids. */
  readonly template: string;
  /** Three characters: the first three of the logical device name and of the system title. */
  readonly manufacturer: string;
  /** 1 to 100,000,000. A larger number does not change the meters that already exist. */
  readonly meters: number;
  /** The seed of the simulated data. */
  readonly seed: string;
  /**
   * 0 to 9999, 0 by default: the digits before the serial number in logical device names. Fleets of one manufacturer with different series
   * never share a name or a title.
   */
  readonly series?: number;
  /** The system title of the first meter (8 octets). The titles of the other meters are counted up from it. Derived by default. */
  readonly firstSystemTitle?: Uint8Array;
  /** The method that derives identities from the secret. 1 is the only method. */
  readonly derivation?: number;
}

const serials = 100_000_000;
const highestSeries = 9999;
const serialDigits = 8;
const nameDigits = 13;
const numberDigits = 6;
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * The meters of one template. Each meter is an index from 0. Serial number, names, system title and keys are functions of (secret,
 * template, index), and the index can be computed from them without a table. Nothing is stored for a meter. Every method that takes an
 * index throws Fault `out-of-range` if no meter has this index.
 *
 * Keys are HKDF-SHA-256 (RFC 5869) of the secret, without salt. The info is `dlmskit/meter` or, for keys that the whole fleet shares,
 * `dlmskit/fleet`, then 00, the template's name, 00, the purpose, 00, the length (2 octets, big-endian), and for a meter its index (4
 * octets, big-endian).
 */
export class Fleet {
  readonly template: string;
  readonly manufacturer: string;
  readonly meters: number;
  readonly seed: string;
  readonly series: number;
  readonly #hkdf: Hkdf;
  readonly #serials: Permutation;
  readonly #firstSystemTitle: Uint8Array | undefined;

  /** Faults `bad-key-length` (secret), `out-of-range` (meters, series), `bad-value` (manufacturer, title, derivation). */
  constructor(definition: FleetDefinition) {
    const { template, manufacturer, meters, seed, series = 0, firstSystemTitle, derivation = 1 } = definition;
    if (!/^[\x21-\x7e]{3}$/.test(manufacturer)) throw bad(`a manufacturer must have three ASCII characters`);
    if (firstSystemTitle !== undefined && firstSystemTitle.length !== 8) throw bad("a system title has 8 octets");
    if (derivation !== 1) {
      throw bad(
        `the derivation ${derivation} of identities is not known`,
        "a later version of dlmskit created the fleet: use that version",
      );
    }
    this.template = template;
    this.manufacturer = manufacturer;
    this.meters = inRange(meters, 1, serials);
    this.seed = seed;
    this.series = inRange(series, 0, highestSeries);
    this.#hkdf = new Hkdf(definition.secret);
    this.#serials = new Permutation(this.fleetKey("serial", 32), serials);
    this.#firstSystemTitle = firstSystemTitle?.slice();
  }

  /** The id of the meter in the store: the name of the template and the number of the meter, from 1. */
  meterId(index: number): string {
    return `${this.template}-${String(this.#checked(index) + 1).padStart(numberDigits, "0")}`;
  }

  indexOfMeterId(meterId: string): number | undefined {
    const index = Number(meterId.slice(this.template.length + 1)) - 1;
    return this.#has(index) && this.meterId(index) === meterId ? index : undefined;
  }

  /** 8 digits. */
  serial(index: number): string {
    return String(this.#serialNumber(index)).padStart(serialDigits, "0");
  }

  /** The meter that has a serial number; undefined: no meter of this fleet has it. */
  indexOf(serial: string): number | undefined {
    if (!/^\d{8}$/.test(serial)) return undefined;
    const index = this.#serials.inverse(Number(serial));
    return this.#has(index) ? index : undefined;
  }

  /** The COSEM logical device name, 16 characters: the manufacturer, then series and serial number in 13 digits. */
  logicalDeviceName(index: number): string {
    return this.manufacturer + String(this.#serialInSeries(index)).padStart(nameDigits, "0");
  }

  /** The meter that has this logical device name; undefined: no meter of this fleet has it. */
  indexOfName(logicalDeviceName: string): number | undefined {
    const index = this.indexOf(logicalDeviceName.slice(-serialDigits));
    return index !== undefined && this.logicalDeviceName(index) === logicalDeviceName ? index : undefined;
  }

  /**
   * 8 octets: three of the manufacturer, then series and serial number as a number of 40 bits. If a first title was given, the titles are
   * counted up from it.
   */
  systemTitle(index: number): Uint8Array {
    const first = this.#firstSystemTitle;
    const title = first?.slice() ?? new Uint8Array(8);
    const view = new DataView(title.buffer);
    if (first !== undefined) {
      view.setUint32(4, view.getUint32(4) + this.#checked(index));
      return title;
    }
    const number = this.#serialInSeries(index);
    title.set(fromAscii(this.manufacturer));
    view.setUint8(3, Math.floor(number / 2 ** 32));
    view.setUint32(4, number % 2 ** 32);
    return title;
  }

  /** The meter that has this system title; undefined: no meter of this fleet has it. */
  indexOfSystemTitle(title: Uint8Array): number | undefined {
    if (title.length !== 8) return undefined;
    const view = new DataView(title.buffer, title.byteOffset, 8);
    const first = this.#firstSystemTitle;
    const number = view.getUint8(3) * 2 ** 32 + view.getUint32(4);
    const index =
      first === undefined
        ? this.indexOf(String(number % serials).padStart(serialDigits, "0"))
        : (view.getUint32(4) - new DataView(first.buffer).getUint32(4)) >>> 0;
    return index !== undefined && this.#has(index) && sameOctets(this.systemTitle(index), title) ? index : undefined;
  }

  /** The key of the random numbers for the meter's simulated data. It is a function of the seed and the meter id, not of the secret. */
  randomKey(index: number): RandomKey {
    return randomKey(this.seed, this.meterId(index));
  }

  /** A key of one meter. `purpose`: any text without 00 that says what the key is for. `octets`: 1 to 8160. */
  key(index: number, purpose: string, octets: number): Uint8Array {
    const place = new Uint8Array(4);
    new DataView(place.buffer).setUint32(0, this.#checked(index));
    return this.#derive("dlmskit/meter", purpose, octets, place);
  }

  /** A key that all meters share. */
  fleetKey(purpose: string, octets: number): Uint8Array {
    return this.#derive("dlmskit/fleet", purpose, octets, new Uint8Array(0));
  }

  /** A password of one meter: letters and digits, all with the same probability. */
  password(index: number, purpose: string, length: number): Uint8Array {
    let text = "";
    for (let round = 0; text.length < length; round++) {
      for (const octet of this.key(index, `${purpose} ${round}`, 32)) {
        // 256 is not a multiple of 62. Octets above the last multiple are skipped, because they would make some letters more likely.
        if (octet < letters.length * 4 && text.length < length) text += letters[octet % letters.length];
      }
    }
    return fromAscii(text);
  }

  #derive(whose: string, purpose: string, octets: number, place: Uint8Array): Uint8Array {
    const length = new Uint8Array(2);
    new DataView(length.buffer).setUint16(0, inRange(octets, 1, 255 * 32));
    const names = new TextEncoder().encode(`${whose}\0${this.template}\0${purpose}\0`);
    return this.#hkdf.derive(concat(names, length, place), octets);
  }

  #serialNumber(index: number): number {
    return this.#serials.of(this.#checked(index));
  }

  #serialInSeries(index: number): number {
    return this.series * serials + this.#serialNumber(index);
  }

  #checked(index: number): number {
    return inRange(index, 0, this.meters - 1);
  }

  #has(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.meters;
  }
}

const bad = (message: string, hint?: string): Fault =>
  new Fault("bad-value", message, { layer: "simulator", ...(hint === undefined ? {} : { hint }) });
