import assert from "node:assert/strict";
import { test } from "node:test";
import { mostValues, parseValues } from "../lib/axis.js";

const any = { min: -100, max: 100, any: true };
const whole = { min: 0, max: 1000 };

test("values of an axis, as X/Y plots have them", () => {
  for (const [text, of, want] of [
    ["1, 2,4", whole, [1, 2, 4]], ["7", whole, [7]], [" 0.5,-1 , .25", any, [0.5, -1, 0.25]], ["1-5", whole, [1, 2, 3, 4, 5]],
    ["1-10 (+2)", whole, [1, 3, 5, 7, 9]], ["10-5 (-3)", whole, [10, 7]], ["1-10 [5]", whole, [1, 3, 5, 7, 10]], ["5 - 3", whole, [5, 4, 3]],
    ["0-1 [5]", any, [0, 0.25, 0.5, 0.75, 1]], ["0-0.3 (+0.1)", any, [0, 0.1, 0.2, 0.3]], ["-1-1", any, [-1, 0, 1]], ["-1--2", any, [-1, -2]],
    ["2-3 [1]", any, [2]], ["1-2, 9, 4-3", whole, [1, 2, 9, 4, 3]], ["4,", whole, [4]], ["1-64", whole, Array.from({ length: 64 }, (_, i) => i + 1)],
  ]) assert.deepEqual(parseValues(text, of), want, text);
});

test("what are no values is said", () => {
  for (const [text, of, want] of [
    ["", whole, /no values/], [" , ", whole, /no values/], ["a", any, /“a”/], ["1-x", any, /“1-x”/], ["1, 2.5", whole, /2.5 is no whole number/], ["1-5 (-1)", whole, /nowhere/],
    ["1-5 (+0)", whole, /more than|nowhere/], ["1-5 [0]", any, /nowhere/], ["-1", whole, /-1 is no whole number from 0 to 1000/], ["1001", whole, /1001 is no/], ["0-999999999", whole, /more than/],
    ["1e999", any, /“1e999”/], ["0-1 (+0.000001)", any, new RegExp(mostValues)],
  ]) assert.throws(() => parseValues(text, of), (error) => error instanceof RangeError && want.test(error.message), text);
});
