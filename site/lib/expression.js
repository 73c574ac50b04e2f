// A prompt as cards: the operands of its outermost AND, as the engine read them, and the text between them. There is no parser
// here; an edited card is written anew where the engine says that it stands.

/**
 * @typedef {object} Card
 * @property {"term"|"group"} kind a group is what one card can't express: OR, brackets
 * @property {boolean} not
 * @property {string} [model] that the text names
 * @property {string} text what the model reads; of a group, its source
 * @property {string} body what suffixes may follow; "" of a group without brackets
 * @property {number} weight
 * @property {{x: number, y: number}} [place]
 * @property {{x0: number, x1: number, y0: number, y1: number}} [region]
 * @property {{from: number, to: number}} [range]
 * @property {string} [source] as it stands in the prompt, until it is edited
 *
 * @typedef {{gaps: string[], cards: Card[]}} Expression gaps: one more than cards
 */

/**
 * @param {string} prompt
 * @param {object} tree the engine's (PROTOCOL.md, "Tree")
 * @returns {Expression}
 */
export function read(prompt, tree) {
  const points = [...prompt];
  const slice = (from, to) => points.slice(from, to).join("");
  const gaps = [];
  const cards = [];
  let at = 0;
  for (const node of tree.op === "and" && !tree.body ? tree.operands : [tree]) {
    const [from, to] = node.span;
    gaps.push(slice(at, from));
    cards.push(cardOf(node, slice(from, to)));
    at = to;
  }
  return { gaps: [...gaps, slice(at)], cards };
}

function cardOf(node, source) {
  let not = false;
  for (; node.op === "not"; [node] = node.operands) not = !not;
  const { model, text, body = "", place, region, range, weight } = node;
  return { kind: node.op === "term" ? "term" : "group", not, model, text: text ?? (body || source), body, place, region, range, weight, source };
}

/** @param {Expression} expression  @returns {string} the prompt */
export const write = ({ gaps, cards }) => gaps[0] + cards.map((card, i) => source(card) + gaps[i + 1]).join("");

/** @param {Card} card  @returns {string} as it stands in a prompt */
export function source({ source, not, kind, model, text, body, place, region, range, weight }) {
  if (source !== undefined) return source;
  const parts = [not ? "NOT " : "", body || (kind === "group" ? `(${text})` : spell(text, model))];
  if (place) parts.push(` @(${number(place.x)}, ${number(place.y)})`);
  if (region) parts.push(` @(${number(region.x0)}-${number(region.x1)}, ${number(region.y0)}-${number(region.y1)})`);
  if (range) parts.push(` @${number(range.from)}-${number(range.to)}`);
  if (weight !== 1) parts.push(` :${number(weight)}`);
  return parts.join("");
}

/** A card of a text, which may name one of the models. @returns {Card} */
export function term(text, models = []) {
  const [, model, rest] = /^([a-z][a-z0-9_-]*):(.+)$/.exec(fold(text)) ?? [];
  const named = models.includes(model);
  return { kind: "term", not: false, model: named ? model : undefined, text: fold(named ? rest : text), body: "", weight: 1 };
}

/** A card with other values. @param {Card} card  @returns {Card} */
export function edited(card, changes) {
  const made = { ...card, ...changes, source: undefined };
  if (changes.text !== undefined) Object.assign(made, { text: fold(changes.text), body: "" });
  return made;
}

/** Puts a card in the place of the i-th. @returns {Expression} */
export function replaced({ gaps, cards }, i, card) {
  return { gaps: padded(gaps, i), cards: cards.with(i, card) };
}

/** Puts a card before the i-th, or at the end. @returns {Expression} */
export function inserted({ gaps, cards }, i, card) {
  if (!cards.length) return { gaps: ["", ""], cards: [card] };
  const all = cards.toSpliced(i, 0, card).map((each) => (each.kind === "group" && !each.body ? edited(each, {}) : each)); // in brackets
  return { gaps: padded(gaps.toSpliced(i < cards.length ? i + 1 : i, 0, " AND "), i), cards: all };
}

/** Takes the i-th card out. @returns {Expression} */
export function removed({ gaps, cards }, i) {
  if (cards.length === 1) return { gaps: [""], cards: [] };
  return { gaps: gaps.toSpliced(i || 1, 1), cards: cards.toSpliced(i, 1) };
}

/** Gaps with white space around the i-th card, as text that is written anew needs. */
function padded(gaps, i) {
  return gaps.with(i, gaps[i].replace(/\S$/, "$& ")).with(i + 1, gaps[i + 1].replace(/^\S/, " $&"));
}

/** White space as the language folds it. */
export const fold = (text) => text.trim().replace(/\s+/gu, " ");

/**
 * Writes text so that all of it is read as text: as it is where nothing in it can mean anything, else in quotes; after a model's
 * name a number would be a weight.
 */
export function spell(text, model) {
  const harmless = /^[\p{L}\p{M}\p{N}]+(?:(?:, | ?['’-]| )[\p{L}\p{M}\p{N}]+)*$/u.test(text) && !/AND|OR|NOT|BREAK/.test(text);
  const quoted = `"${text.replace(/["\\]/g, "\\$&")}"`;
  if (!model) return harmless ? text : quoted;
  return `${model}: ${harmless && !/^(\d|inf|nan)/i.test(text) ? text : quoted}`;
}

/** A number as the language has it, without an exponent. */
export function number(value) {
  const text = String(value);
  return text.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : text;
}
