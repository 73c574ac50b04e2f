import { edited, inserted, read, removed, replaced, term, write } from "../lib/expression.js";
import { Observable } from "../lib/observable.js";

/** Milliseconds of rest before the engine is asked what a prompt means. */
const rest = 80;

/** What the person who composes can mend: the prompt, or a setting. Other errors are told of when a picture is asked for. */
const faults = ["syntax", "bad_request"];

/** The recipe's prompt as cards, and what the engine says of it. Edits of cards are edits of the prompt. */
export class Composition extends Observable {
  #recipe;
  #engine;
  #expression = { gaps: [""], cards: [] };
  #timer = 0;
  #asked = 0;
  /** The engine's "explained" for the prompt as it is (PROTOCOL.md), absent until there is one. */
  explained;
  /** Why the prompt can't be read: the engine's error. */
  fault;
  /** Whether a model has told anything yet. */
  open = false;

  /** @param {import("./recipe.js").Recipe} recipe */
  constructor(recipe) {
    super();
    this.#recipe = recipe;
    recipe.subscribe(() => this.#refresh());
  }

  /** @param {object} engine a Counterpoint, or undefined where none is open */
  use(engine) {
    this.#engine = engine;
    this.#refresh();
  }

  /** Whether the cards are those of the prompt: they are not where it can't be read. */
  get current() {
    return write(this.#expression) === this.#recipe.prompt;
  }

  get prompt() {
    return this.#recipe.prompt;
  }

  /** All cards in their order. @returns {{card: object, on: boolean, at: number}[]} at: among those of its kind */
  get cards() {
    const all = this.#expression.cards.map((card, at) => ({ card, on: true, at }));
    this.#recipe.off.forEach(({ at, card }, i) => all.splice(at, 0, { card, on: false, at: i }));
    return all;
  }

  /**
   * @param {number} i of all cards
   * @param {object} changes of its fields
   * @param {string} kind of edit, for undo
   */
  edit(i, changes, kind = `${i} ${Object.keys(changes)}`) {
    const { card, on, at } = this.cards[i];
    const made = edited(card, changes);
    if (on) this.#write(replaced(this.#expression, at, made), {}, kind);
    else this.#recipe.change({ off: this.#recipe.off.with(at, { ...this.#recipe.off[at], card: made }) }, kind);
  }

  /** Switches a card off, which keeps it beside the prompt, or on again. */
  toggle(i) {
    const { card, on, at } = this.cards[i];
    const { off } = this.#recipe;
    if (on) {
      const next = [...off, { at: i, card }].sort((a, b) => a.at - b.at);
      this.#write(removed(this.#expression, at), { off: next });
    } else {
      this.#write(inserted(this.#expression, Math.min(i - at, this.#expression.cards.length), card), { off: off.toSpliced(at, 1) });
    }
  }

  remove(i) {
    const { on, at } = this.cards[i];
    const off = (on ? this.#recipe.off : this.#recipe.off.toSpliced(at, 1)).map((each) => ({ ...each, at: each.at > i ? each.at - 1 : each.at }));
    this.#write(on ? removed(this.#expression, at) : this.#expression, { off });
  }

  /** @param {string} text of a new card, at the end */
  add(text) {
    this.#write(inserted(this.#expression, this.#expression.cards.length, term(text, this.#engine?.models.map(({ as }) => as))), {});
  }

  /** @param {Map<number, number>} weights by card  @returns {string} the prompt with them, which stays as it is */
  weighed(weights) {
    const { cards } = this;
    return write([...weights].reduce((made, [i, weight]) => replaced(made, cards[i].at, edited(cards[i].card, { weight })), this.#expression));
  }

  /** @returns {number} of all cards, the one that holds that place of the prompt, in UTF-16 units; -1 for none */
  cardAt(units) {
    const { gaps, cards } = this.#expression;
    if (!this.current) return -1;
    const found = cards.findIndex((_, i) => units <= write({ gaps: gaps.slice(0, i + 2), cards: cards.slice(0, i + 1) }).length);
    return this.cards.findIndex(({ on, at }) => on && at === found);
  }

  #write(expression, parts, kind) {
    if (!this.current) return;
    this.#expression = expression;
    this.#recipe.change({ ...parts, prompt: write(expression) }, kind);
  }

  #refresh() {
    const { prompt } = this.#recipe;
    if (!prompt.trim()) this.#expression = { gaps: [prompt], cards: [] }; // no prompt for the engine, but one to add to
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), rest);
    this.changed();
  }

  async #ask() {
    if (!this.#engine) return;
    const asked = ++this.#asked;
    const { prompt, request } = this.#recipe;
    try {
      const explained = await this.#engine.explain(prompt, request);
      if (asked !== this.#asked || prompt !== this.#recipe.prompt) return;
      this.#expression = read(prompt, explained.tree);
      Object.assign(this, { explained, fault: undefined, open: true });
    } catch (error) {
      if (asked !== this.#asked || prompt !== this.#recipe.prompt || error.code === "closed") return;
      Object.assign(this, { explained: undefined, fault: faults.includes(error.code) ? error : undefined, open: true });
    }
    this.changed();
  }
}
