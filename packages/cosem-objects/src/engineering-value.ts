import { Fault } from "@dlmskit/core";

const decimal = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/**
 * A whole number times ten to the power of a scaler (-128 to 127), exactly: `engineeringValue(12345n, -2)` is `"123.45"`. All digits that
 * the scaler gives are shown. Fault `out-of-range` for a number that is not whole, or is too large to be exact (a bigint is exact).
 */
export function engineeringValue(raw: number | bigint, scaler: number): string {
  if (typeof raw === "number" && !Number.isSafeInteger(raw)) throw notExact(`${raw} is no exact whole number`);
  const value = BigInt(raw);
  const digits = `${value < 0n ? -value : value}`;
  const sign = value < 0n ? "-" : "";
  if (scaler >= 0) return `${sign}${value === 0n ? "0" : digits + "0".repeat(scaler)}`;
  const padded = digits.padStart(1 - scaler, "0");
  return `${sign}${padded.slice(0, scaler)}.${padded.slice(scaler)}`;
}

/** The raw value of an engineering value (`"123.45"`) with a scaler. Fault `out-of-range` if it has more digits than the scaler allows. */
export function rawValue(engineering: string, scaler: number): bigint {
  const found = decimal.exec(engineering);
  if (found === null) throw notExact(`"${engineering}" is no decimal number`);
  const [, sign, whole = "", fraction = ""] = found;
  const digits = BigInt(whole + fraction);
  const exponent = -fraction.length - scaler;
  const unit = 10n ** BigInt(Math.abs(exponent));
  if (exponent < 0 && digits % unit !== 0n) {
    throw notExact(`${engineering} is not a whole number of 10^${scaler}`);
  }
  const raw = exponent < 0 ? digits / unit : digits * unit;
  return sign === "-" ? -raw : raw;
}

const notExact = (message: string): Fault => new Fault("out-of-range", message, { layer: "cosem" });
