// The sun at a latitude, by the day of the year. The equation of time and refraction are left out: they move sunrise by some minutes.

const degree = Math.PI / 180;
const daysOfYear = 365.25;
/** 21 March: the sun is above the equator. */
const equinox = 80;
const tilt = 23.44;

/** The declination of the sun, degrees. `day`: the day of the year, from 0. */
const declination = (day: number): number => tilt * Math.sin((2 * Math.PI * (day - equinox)) / daysOfYear);

/** The sine of the height of the sun; negative at night. `hour`: hour of the solar day, 12 is noon. */
export function sunHeight(latitude: number, day: number, hour: number): number {
  const [phi, delta] = [latitude * degree, declination(day) * degree];
  return Math.sin(phi) * Math.sin(delta) + Math.cos(phi) * Math.cos(delta) * Math.cos((hour - 12) * 15 * degree);
}

/**
 * The output of a solar plant at an hour, as a fraction of its peak: about 1 at noon in summer without clouds. The modules are inclined, so
 * a plant at a high latitude is not as weak in winter as the height of the sun alone would make it.
 */
export function solarOutput(latitude: number, day: number, hour: number): number {
  const height = sunHeight(latitude, day, hour);
  if (height <= 0) return 0;
  const noon = sunHeight(latitude, day, 12);
  const best = sunHeight(latitude, latitude >= 0 ? equinox + 91 : equinox + 274, 12);
  // Low sun shines through more air.
  const air = Math.exp(-0.14 / Math.max(0.03, height)) / Math.exp(-0.14 / Math.max(0.03, best));
  return Math.min(1, (0.6 * (height / Math.max(0.05, noon)) * Math.sqrt(noon / best) + 0.4 * (height / best)) * air);
}
