// The values along a grid's axis, written as for AUTOMATIC1111's X/Y plot: 1, 2, 4; 1-5; with a step, 1-9 (+2); with a count, 0-1 [5].

/** The most values of an axis, and pictures of a grid. */
export const mostValues = 64;

const number = String.raw`([+-]?(?:\d+\.?\d*|\.\d+))`;
const range = new RegExp(String.raw`^${number}\s*-\s*${number}(?:\s*\(\s*${number}\s*\)|\s*\[\s*(\d+)\s*\])?$`);

/**
 * @param {string} text
 * @param {{min: number, max: number, any?: boolean}} of each value; any: it may have a fraction, else a count's are cut
 * @returns {number[]}
 * @throws {RangeError}
 */
export function parseValues(text, { min, max, any }) {
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  const values = parts.flatMap((part) => spread(part, any));
  if (!values.length) throw new RangeError("there are no values");
  if (values.length > mostValues) throw new RangeError(`there are more than ${mostValues} values`);
  const bad = values.find((value) => value < min || value > max || !any && !Number.isSafeInteger(value));
  if (bad !== undefined) throw new RangeError(`${bad} is no ${any ? "" : "whole "}number from ${min} to ${max}`);
  return values;
}

function spread(part, any) {
  const [found, ...numbers] = part.match(range) ?? [];
  if (!found) {
    const value = Number(part);
    if (Number.isFinite(value)) return [value];
    throw new RangeError(`“${part}” is neither a number nor a range`);
  }
  const [from, to, by = to < from ? -1 : 1, count] = numbers.map((each) => each && Number(each));
  const step = count === undefined ? by : count > 1 ? (to - from) / (count - 1) : 0;
  const length = count ?? Math.floor((to - from) / step + 1e-9) + 1;
  if (!(length > 0)) throw new RangeError(`the range “${part}” leads nowhere`);
  return Array.from({ length: Math.min(length, mostValues + 1) }, (_, i) => {
    const value = Number((from + i * step).toFixed(9));
    return count && !any ? Math.trunc(value) : value;
  });
}
