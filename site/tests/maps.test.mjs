import assert from "node:assert/strict";
import { test } from "node:test";
import { term } from "../lib/expression.js";
import { Maps } from "../lib/maps.js";

const place = { x: 0.5, y: 0.5 };
const rows = [{ text: "", unconditional: true }, { text: "a" }, { text: "a", place }, { text: "b" }];
const pulls = (...all) => ({ width: 2, height: 1, terms: all.map(([row, pull, pixels]) => ({ row, pull: Float32Array.from(pull), pixels })) });
const group = (text) => ({ ...term(text), kind: "group" });

test("a card has the mean of the steps, of its own term", () => {
  const maps = new Maps(rows);
  assert.equal(maps.of(term("a")), undefined);
  maps.add(pulls([1, [4, 0], "first"], [2, [1, 1]], [3, [0, 2]]));
  maps.add(pulls([1, [2, 0]], [2, [1, 3], "second"], [3, [0, 8]]));
  maps.add(pulls()); // of a step that has nothing to measure from
  assert.deepEqual([...maps.of(term("a")).pull], [3, 0]);
  assert.deepEqual([...maps.of({ ...term("a"), place }).pull], [1, 2]);
  assert.deepEqual([maps.of(term("a")).pixels, maps.of({ ...term("a"), place }).pixels, maps.of(term("b")).pixels], ["first", "second", undefined]);
  assert.deepEqual([...maps.of({ ...term("b"), place }).pull], [0, 5]); // it was placed since
  assert.equal(maps.of({ ...term("a"), place: { x: 0, y: 0 } }), undefined); // it could be either
  assert.equal(maps.of(term("c")), undefined);
  assert.equal(maps.peak, 5);
});

test("a group has the strongest of its terms", () => {
  const maps = new Maps(rows);
  maps.add(pulls([1, [4, 0], "one"], [3, [1, 2], "other"]));
  assert.deepEqual([...maps.of(group("(a OR b)")).pull], [4, 2]);
  assert.equal(maps.of(group("(a OR b)")).pixels, undefined);
  assert.equal(maps.of(group("(c OR d)")), undefined);
});
