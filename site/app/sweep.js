import { mostValues, parseValues } from "../lib/axis.js";
import { byId, element } from "./element.js";
import { Grid } from "./grid.js";
import { options } from "./options.js";
import { text } from "./strings.js";

/** Of the recipe's fields, those that change along an axis, with values to begin with. */
const fields = { seed: "1-4", guidance_scale: "2, 4, 8", steps: "5, 10, 20" };
const weights = { min: -1000, max: 1000, any: true, usual: "0.5-2 [4]" };

/** What changes along the sides of a grid: a concept's weight, by the number of its card, or a field of the recipe. */
export class Sweep {
  #recipe;
  #composition;
  #make;
  #axes;
  #note = element("p", { className: "help", ariaLive: "polite" });
  #offered = "";

  /**
   * @param {import("./recipe.js").Recipe} recipe
   * @param {import("./composition.js").Composition} composition
   * @param {(grid: Grid) => void} make
   */
  constructor(recipe, composition, make) {
    this.#recipe = recipe;
    this.#composition = composition;
    this.#make = make;
    this.#axes = ["x", "y"].map((id) => this.#axis(id));
    const button = element("button", { type: "button", onclick: () => this.#run() }, text.grid.make);
    byId("sweep").append(...this.#axes.map(({ row }) => row), element("p", { className: "help" }, text.grid.help), element("div", { className: "row" }, button, this.#note));
    composition.subscribe(() => this.#offer());
  }

  #axis(id) {
    const label = text.grid.axis[id];
    const what = element("select", { id: `${id}-what` });
    const values = element("input", { type: "text", autocapitalize: "none", ariaLabel: text.grid.values(label) });
    const axis = { label, what, values, row: element("div", { className: "field" }, element("label", { htmlFor: what.id }, label), element("div", { className: "axis" }, what, values)) };
    axis.row.addEventListener("input", () => (axis.chosen = true), { capture: true }); // by a person
    what.addEventListener("input", () => this.#begin(axis));
    values.addEventListener("input", () => this.#read());
    values.setAttribute("form", ""); // of none: Enter is not Generate
    values.addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => key === "Enter" && !ctrlKey && !metaKey && !altKey && this.#run());
    return axis;
  }

  /** Gives an axis the usual values of what changes. */
  #begin({ what, values }) {
    values.hidden = !what.value;
    values.value = fields[what.value] ?? weights.usual;
    this.#read();
  }

  /** Offers the weights of the cards that are on. */
  #offer() {
    const cards = this.#composition.cards.flatMap(({ card, on }, i) => (on ? [[String(i), text.grid.weight(card)]] : []));
    const choices = [...cards, ...Object.keys(fields).map((name) => [name, text.settings[name]])];
    const offered = JSON.stringify(choices);
    if (offered === this.#offered) return this.#read();
    this.#offered = offered;
    this.#axes.forEach((axis, i) => {
      const { what } = axis;
      const before = what.value;
      what.replaceChildren(...[...i ? [["", text.grid.none]] : [], ...choices].map(([value, label]) => element("option", { value }, label)));
      if (axis.chosen && choices.some(([value]) => value === before)) what.value = before;
      else this.#begin(axis);
    });
  }

  /** Says how many pictures it would be, or what is amiss. @returns {Grid|undefined} */
  #read() {
    try {
      const grid = this.#grid();
      this.#note.textContent = text.grid.count(grid.cells.length);
      return grid;
    } catch ({ message }) {
      this.#note.textContent = message;
    }
  }

  /** @returns {Grid} @throws {RangeError} */
  #grid() {
    const [x, y] = this.#axes.map((axis) => this.#along(axis));
    const count = x.values.length * (y?.values.length ?? 1);
    if (x.of === y?.of) throw new RangeError(text.grid.same);
    if (count > mostValues) throw new RangeError(text.grid.many(count, mostValues));
    if (!this.#composition.current) throw new RangeError(text.grid.stale);
    return new Grid((y?.values ?? [0]).flatMap((down) => x.values.map((across) => this.#cell([x, across], [y, down]))), x, y);
  }

  /** Marks the values that are none. @returns {{of: string, name: string, values: number[]}|undefined} what changes along an axis */
  #along({ label, what, values }) {
    values.removeAttribute("aria-invalid");
    if (!what.value) return undefined;
    try {
      return { of: what.value, name: what.selectedOptions[0].text, values: parseValues(values.value, options.find(({ name }) => name === what.value) ?? weights) };
    } catch ({ message }) {
      values.ariaInvalid = "true";
      throw new RangeError(`${label}: ${message}`);
    }
  }

  #cell(...changes) {
    const request = { ...this.#recipe.request, batch: 1 };
    const weighed = new Map();
    for (const [axis, value] of changes) {
      if (axis?.of in fields) request[axis.of] = value;
      else if (axis) weighed.set(Number(axis.of), value);
    }
    return { prompt: this.#composition.weighed(weighed), request };
  }

  #run() {
    const grid = this.#read();
    if (grid) this.#make(grid);
    else byId("sweep").querySelector("[aria-invalid]")?.focus();
  }
}
