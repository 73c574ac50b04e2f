import { mostValues, parseValues } from "../lib/axis.js";
import { byId, element } from "./element.js";
import { Grid } from "./grid.js";
import { options } from "./options.js";
import { text } from "./strings.js";

/** Of the recipe's fields, those that change along an axis, with values to begin with. */
const fields = { seed: "1-4", guidance_scale: "2, 4, 8", steps: "5, 10, 20" };
const weights = "0.5-2 [4]";

/** What changes along the sides of a grid: a concept's weight, by the number of its card, or a field of the recipe. */
export class Sweep {
  #recipe;
  #composition;
  #make;
  #axes;
  #note = element("p", { className: "help", ariaLive: "polite" });
  #labels = "";

  /**
   * @param {import("./recipe.js").Recipe} recipe
   * @param {import("./composition.js").Composition} composition
   * @param {(grid: Grid) => void} make
   */
  constructor(recipe, composition, make) {
    this.#recipe = recipe;
    this.#composition = composition;
    this.#make = make;
    this.#axes = [this.#axis("x"), this.#axis("y")];
    const button = element("button", { type: "button", onclick: () => this.#run() }, text.grid.make);
    byId("sweep").append(...this.#axes.map(({ row }) => row), element("p", { className: "help" }, text.grid.help), element("div", { className: "row" }, button, this.#note));
    composition.subscribe(() => this.#offer());
  }

  #axis(id) {
    const label = text.grid.axis[id];
    const what = element("select", { id: `${id}-what`, ariaLabel: text.grid.what(label) });
    const values = element("input", { type: "text", autocapitalize: "none", ariaLabel: text.grid.values(label) });
    what.addEventListener("input", () => {
      values.value = fields[what.value] ?? (what.value && weights);
      this.#show();
    });
    values.addEventListener("input", () => this.#show());
    values.setAttribute("form", ""); // of none: Enter is not Generate
    values.addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => key === "Enter" && !ctrlKey && !metaKey && !altKey && this.#run());
    return { id, label, what, values, row: element("div", { className: "field" }, element("label", { htmlFor: what.id }, label), element("div", { className: "axis" }, what, values)) };
  }

  /** Offers the weights of the cards that are on. */
  #offer() {
    const cards = this.#composition.cards.map(({ card, on }, i) => [String(i), text.grid.weight(card), on]).filter(([, , on]) => on);
    const choices = [...cards, ...Object.keys(fields).map((name) => [name, text.settings[name]])];
    const labels = JSON.stringify(choices);
    if (labels === this.#labels) return this.#show();
    this.#labels = labels;
    for (const { id, what, values } of this.#axes) {
      const before = what.value;
      what.replaceChildren(...[...id === "y" ? [["", text.grid.none]] : [], ...choices].map(([value, label]) => element("option", { value }, label)));
      if (choices.some(([value]) => value === before)) what.value = before;
      else values.value = fields[what.value] ?? (what.value && weights);
    }
    this.#show();
  }

  #show() {
    for (const { what, values } of this.#axes) values.hidden = !what.value;
    try {
      this.#note.textContent = text.grid.count(this.#grid().cells.length);
    } catch (error) {
      this.#note.textContent = error.message;
    }
  }

  /** Marks the axis at fault. @returns {object|undefined} what changes along an axis @throws {RangeError} */
  #read({ label, what, values }) {
    const field = options.find(({ name }) => name === what.value);
    values.removeAttribute("aria-invalid");
    if (!what.value) return undefined;
    try {
      const of = field ? { ...field, whole: !field.any } : { min: -1000, max: 1000 };
      return { of: what.value, field: field?.name, name: what.selectedOptions[0].text, values: parseValues(values.value, of) };
    } catch (error) {
      values.ariaInvalid = "true";
      throw new RangeError(text.grid.fault(label, error));
    }
  }

  /** @returns {Grid} @throws {RangeError} that says what is amiss */
  #grid() {
    const [x, y] = this.#axes.map((axis) => this.#read(axis));
    if (x.of === y?.of) throw new RangeError(text.grid.same);
    const count = x.values.length * (y?.values.length ?? 1);
    if (count > mostValues) throw new RangeError(text.grid.many(count, mostValues));
    if (!this.#composition.current) throw new RangeError(text.grid.stale);
    const cells = (y?.values ?? [undefined]).flatMap((down) => x.values.map((across) => this.#cell([x, across], [y, down])));
    return new Grid(cells, x, y);
  }

  #cell(...pairs) {
    const request = { ...this.#recipe.request, batch: 1 };
    const weighed = new Map();
    for (const [axis, value] of pairs) {
      if (axis?.field) request[axis.field] = value;
      else if (axis) weighed.set(Number(axis.of), value);
    }
    return { prompt: this.#composition.weighed(weighed), request };
  }

  #run() {
    let grid;
    try {
      grid = this.#grid();
    } catch {
      this.#show();
      return this.#axes.find(({ values }) => values.ariaInvalid === "true")?.values.focus();
    }
    this.#make(grid);
  }
}
