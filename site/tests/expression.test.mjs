import assert from "node:assert/strict";
import { test } from "node:test";
import { edited, inserted, number, read, removed, replaced, source, spell, term, write } from "../lib/expression.js";

// What the engine says of "é  a cube :2 AND(NOT a tree) AND (b OR c)".
const prompt = "é  a cube :2 AND(NOT a tree) AND (b OR c)";
const tree = { op: "and", span: [0, 41], weight: 1, operands: [
  { op: "term", span: [0, 12], body: "é a cube", text: "é a cube", weight: 2 },
  { op: "not", span: [16, 28], weight: 1, operands: [{ op: "term", span: [21, 27], body: "a tree", text: "a tree", weight: 1 }] },
  { op: "or", span: [33, 41], body: "(b OR c)", weight: 1, operands: [] },
] };

test("what is not edited stays as it is", () => {
  const expression = read(prompt, tree);
  assert.equal(write(expression), prompt);
  assert.deepEqual(expression.cards.map(({ kind, not, text }) => [kind, not, text]),
    [["term", false, "é a cube"], ["term", true, "a tree"], ["group", false, "(b OR c)"]]);
  const put = (i, changes) => write(replaced(expression, i, edited(expression.cards[i], changes)));
  assert.equal(put(0, { weight: 1 }), "é a cube AND(NOT a tree) AND (b OR c)");
  assert.equal(put(1, { not: false, place: { x: 0.25, y: 0.5 } }), "é  a cube :2 AND a tree @(0.25, 0.5) AND (b OR c)");
  assert.equal(put(2, { weight: 0.5, range: { from: 0, to: 0.4 } }), "é  a cube :2 AND(NOT a tree) AND (b OR c) @0-0.4 :0.5");
});

test("cards come and go", () => {
  const expression = read(prompt, tree);
  assert.equal(write(removed(expression, 0)), "(NOT a tree) AND (b OR c)");
  assert.equal(write(removed(expression, 1)), "é  a cube :2 AND (b OR c)");
  assert.equal(write(removed(expression, 2)), "é  a cube :2 AND(NOT a tree)");
  assert.equal(write(inserted(expression, 1, term("x"))), "é  a cube :2 AND x AND (NOT a tree) AND (b OR c)");
  assert.equal(write(inserted(expression, 3, term("x"))), `${prompt} AND x`);
  const none = removed({ gaps: ["", ""], cards: [term("x")] }, 0);
  assert.equal(write(none), "");
  assert.equal(write(inserted(none, 0, term("x"))), "x");
});

test("a choice gets brackets in company", () => {
  const choice = read("a OR b ", { op: "or", span: [0, 6], weight: 1, operands: [] });
  assert.equal(write(choice), "a OR b ");
  assert.equal(write(inserted(choice, 1, term("c"))), "(a OR b) AND c ");
  assert.equal(source(edited(choice.cards[0], { weight: 2 })), "(a OR b) :2");
});

test("a term keeps its model", () => {
  const named = { op: "term", span: [0, 19], model: "objects", body: "objects: a red cube", text: "a red cube", weight: 1 };
  const expression = read("objects: a red cube", named);
  const [card] = expression.cards;
  const put = (changes) => write(replaced(expression, 0, edited(card, changes)));
  assert.equal(put({ weight: 2 }), "objects: a red cube :2");
  assert.equal(put({ text: "a tree", not: true }), "NOT objects: a tree");
  assert.equal(put({ text: "2 trees" }), 'objects: "2 trees"');
  assert.equal(put({ text: "x: y" }), 'objects: "x: y"');
  assert.equal(write(inserted(expression, 1, term(" objects:  a tree ", ["objects"]))), "objects: a red cube AND objects: a tree");
  assert.equal(source(term("other: a tree", ["objects"])), '"other: a tree"');
  assert.equal(term("objects: ", ["objects"]).model, undefined);
});

test("text is spelled so that it is read as text", () => {
  for (const [text, want] of [
    ["a red cube", "a red cube"], ["été, don’t", "été, don’t"], ["left-hand", "left-hand"], ["a AND b", '"a AND b"'], ["x :2", '"x :2"'],
    ['say "a\\b"', '"say \\"a\\\\b\\""'], ["red++", '"red++"'], ["", '""'],
  ]) assert.equal(spell(text), want);
  assert.equal(term("  a \n b ").text, "a b");
});

test("numbers have no exponent", () => {
  assert.deepEqual([1.5, -0.25, 1e-7, 1000].map(number), ["1.5", "-0.25", "0.0000001", "1000"]);
});
