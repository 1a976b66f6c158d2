import type { VariationCustomer } from "@dlmskit/storage";
import { bits, draw, randomKey, signed, unit } from "./random.ts";

// The weather of a place: the same for all of its customers, a function of the place and the day. A day's deviation is a sum of noises that
// are interpolated between random values at distances of 1, 2, 4 … days, so it has a memory, and each day can be computed alone.

export interface Weather {
  /** The mean temperature of a day since 1970-01-01, °C. */
  temperature(day: number): number;
  /** Half of the difference between the warmest and the coldest hour of a day, °C. */
  readonly daily: number;
  /** The part of the sunlight that reaches the ground: one of `skies`. */
  sky(day: number): number;
}

/** The light of a clear, a cloudy and a dull day, as a fraction of that of a clear day. */
export const skies: readonly number[] = [1, 0.55, 0.2];

const daysOfYear = 365.2425;
/** The warmest day of the year in the north. */
const warmest = 200;
const coldStream = 0;
const skyStream = 40;

/** -1 to 1, about a third of it as standard deviation: smooth over `memory` days. */
function wander(key: ReturnType<typeof randomKey>, stream: number, day: number, memory: number): number {
  let sum = 0;
  let all = 0;
  for (let scale = 1, level = 0; level === 0 || scale <= memory; scale *= 2, level++) {
    const at = Math.floor(day / scale);
    const part = day / scale - at;
    const [one, other] = [at, at + 1].map((knot) => signed(bits(key, stream + level, knot)));
    const smooth = part * part * (3 - 2 * part);
    const weight = Math.sqrt(scale);
    sum += weight * ((one as number) + ((other as number) - (one as number)) * smooth);
    all += weight * weight;
  }
  return sum / Math.sqrt(all);
}

/** The weather of a latitude, changed by what the rows say of the climate. */
export function weatherOf(place: string, latitude: number, climate: VariationCustomer["climate"] = {}): Weather {
  const key = randomKey("weather", place);
  const north = Math.abs(latitude);
  const {
    mean = 28 - 0.0065 * latitude * latitude,
    seasonal = Math.min(0.33 * north, 11),
    daily = 5,
    spread = 1.5 + Math.min(0.04 * north, 2),
    memoryDays = 4,
    clouds = 0.4,
  } = climate;
  const shift = latitude >= 0 ? 0 : daysOfYear / 2;
  return {
    daily,
    temperature(day) {
      const year = Math.cos((2 * Math.PI * (day - warmest - shift)) / daysOfYear);
      // Uniform noise from -1 to 1 has a standard deviation of 0.58.
      return mean + seasonal * year + (spread / 0.5) * wander(key, coldStream, day, memoryDays);
    },
    sky(day) {
      const random = unit(draw(bits(key, skyStream, day), 0));
      if (random >= clouds) return skies[0] as number;
      return (random < clouds / 3 ? skies[2] : skies[1]) as number;
    },
  };
}

/** The temperature at an hour of a day, relative to its mean and to the daily half difference: -1 at four in the morning, 1 in the afternoon. */
export const dailyTemperature = (hour: number): number => -Math.cos((2 * Math.PI * (hour - 3.5)) / 24);
