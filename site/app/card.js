import { fold } from "../lib/expression.js";
import { element } from "./element.js";
import { numberField, toggleButton } from "./fields.js";
import { icon } from "./icons.js";
import { text } from "./strings.js";

const fraction = { min: 0, max: 1, step: 0.05 };
const slide = { least: 0, most: 3, step: 0.05 };
const boxes = { region: ["x0", "x1", "y0", "y1"], range: ["from", "to"], place: ["x", "y"] };

/**
 * One concept: text, weight, NOT, whether it is on, and where and when it counts.
 * @typedef {object} Actions what a card asks for, each with the card's number
 * @property {(i: number, changes: object) => void} edit
 * @property {(i: number) => void} toggle
 * @property {(i: number) => void} remove
 * @property {(i: number) => void} place asks for a place, or takes it away
 * @property {(i: number) => void} region the same
 * @property {(i: number) => void} range the same
 * @property {(i: number, event: PointerEvent) => void} drag
 * @property {(field: HTMLInputElement) => void} suggest attaches suggestions of words
 */
export class CardView {
  #i;
  #card;
  #text = element("input", { type: "text", dir: "auto", spellcheck: false, autocapitalize: "none" });
  #source = element("code", { dir: "auto" });
  #model = element("span", { className: "of" });
  #number = element("span", { className: "badge", ariaHidden: "true" });
  #handle = element("span", { className: "handle", title: text.card.drag }, icon("grip"), this.#number);
  #on = element("input", { type: "checkbox", role: "switch" });
  #remove = element("button", { type: "button", className: "quiet" }, icon("remove"));
  #slider = element("input", { type: "range", step: slide.step });
  #weight;
  #toggles;
  #boxes = {};
  #note = element("p", { className: "note" });

  /** @param {number} i  @param {Actions} actions */
  constructor(i, actions) {
    this.#i = i;
    const edit = (changes) => actions.edit(i, changes);
    this.#handle.addEventListener("pointerdown", (event) => actions.drag(i, event));
    this.#text.addEventListener("input", () => fold(this.#text.value) && edit({ text: this.#text.value }));
    this.#text.addEventListener("change", () => (this.#text.value = this.#card.text));
    actions.suggest(this.#text);
    this.#on.addEventListener("change", () => actions.toggle(i));
    this.#remove.addEventListener("click", () => actions.remove(i));
    this.#slider.addEventListener("input", () => edit({ weight: this.#slider.valueAsNumber }));
    this.#weight = numberField(text.card.weight(i), { min: -1000, max: 1000, step: 0.1 }, (weight) => edit({ weight }));
    this.#toggles = {
      not: toggleButton("not", text.card.notHelp, text.card.not, () => edit({ not: !this.#card.not })),
      place: toggleButton("place", text.card.placeHelp, text.card.place, () => actions.place(i)),
      region: toggleButton("region", text.card.regionHelp, text.card.region, () => actions.region(i)),
      range: toggleButton("range", text.card.rangeHelp, text.card.range, () => actions.range(i)),
    };
    for (const kind of ["place", "region", "range"]) this.#boxes[kind] = this.#box(kind, edit);
    const on = element("label", { className: "switch" }, this.#on);
    const top = element("div", { className: "card-top" }, this.#handle, this.#model, this.#text, this.#source, on, this.#remove);
    const label = element("span", { ariaHidden: "true" }, text.card.weightLabel);
    const weight = element("div", { className: "card-weight" }, label, this.#slider, this.#weight.input);
    const toggles = element("div", { className: "card-toggles" }, ...Object.values(this.#toggles).map(({ button }) => button));
    const details = Object.values(this.#boxes).map(({ row }) => row);
    /** The card's element. */
    this.element = element("div", { className: `card voice-${i % 6}`, role: "group" }, top, weight, toggles, ...details, this.#note);
  }

  /** The fields of a place, region or range. */
  #box(kind, edit) {
    const fields = boxes[kind].map((name) => {
      const set = (value) => edit({ [kind]: { ...this.#card[kind], [name]: value } });
      return [name, numberField(text.card.field(this.#i, kind, name), fraction, set)];
    });
    const labelled = fields.map(([name, { input }]) => element("label", {}, element("span", { ariaHidden: "true" }, text.card.short[name]), input));
    return { row: element("div", { className: `card-box ${kind}` }, ...labelled), fields };
  }

  /** @param {object} card  @param {{on: boolean, live: boolean, words: object[]}} how words: warnings about the text's words */
  show(card, { on, live, words }) {
    this.#card = card;
    const i = this.#i;
    const group = card.kind === "group";
    this.element.ariaLabel = text.card.name(i, card, on);
    this.element.classList.toggle("off", !on);
    this.element.classList.toggle("not", card.not);
    this.element.classList.toggle("group", group);
    this.element.classList.toggle("unknown", words.length > 0);
    for (const each of this.element.querySelectorAll("input, button")) each.disabled = !live;
    this.#number.textContent = i + 1;
    this.#handle.classList.toggle("fixed", group || !live);
    this.#model.textContent = card.model ? `${card.model}:` : "";
    this.#text.hidden = group;
    this.#source.hidden = !group;
    this.#source.textContent = card.text;
    this.#text.ariaLabel = text.card.text(i);
    if (fold(this.#text.value) !== card.text) this.#text.value = card.text;
    this.#on.checked = on;
    this.#on.ariaLabel = text.card.on(i);
    this.#remove.ariaLabel = this.#remove.title = text.card.remove(i);
    Object.assign(this.#slider, { min: Math.min(slide.least, card.weight), max: Math.max(slide.most, card.weight), ariaLabel: text.card.weight(i) });
    if (this.#slider.valueAsNumber !== card.weight) this.#slider.value = card.weight;
    this.#weight.show(card.weight);
    this.#toggles.place.button.hidden = group;
    this.#toggles.not.show(card.not, text.card.pressNot(i));
    for (const [kind, { row, fields }] of Object.entries(this.#boxes)) {
      this.#toggles[kind].show(Boolean(card[kind]), text.card.press(i, kind));
      row.hidden = !card[kind];
      for (const [name, field] of fields) if (card[kind]) field.show(card[kind][name]);
    }
    this.#note.hidden = !group;
    this.#note.textContent = group ? text.card.group : "";
  }

  /** Moves the focus to what was asked for. */
  focus(which) {
    (which === "remove" ? this.#remove : this.#toggles[which]?.button ?? this.#text).focus();
  }
}
