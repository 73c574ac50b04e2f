// Figures as people read them.

/** @param {number} n bytes  @returns {string} in decimal units, as browsers and shops count them */
export function bytes(n) {
  if (n < 1e3) return `${n} bytes`;
  const [unit, size] = n < 1e6 ? ["kB", 1e3] : n < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(n / size).toFixed(n / size < 10 ? 1 : 0)} ${unit}`;
}

/** @param {number} seconds  @returns {string} no more exact than an estimate is */
export function duration(seconds) {
  if (seconds < 1) return "less than a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** The same as an estimate. */
export const about = (seconds) => (seconds < 1 ? duration(seconds) : `about ${duration(seconds)}`);
