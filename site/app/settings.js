import { byId, element } from "./element.js";

/** The fields of options: a number each, and a button where a random one makes sense. */
export class Settings {
  #inputs = new Map();

  /** @param {object[]} options see options.js */
  constructor(options) {
    byId("settings").append(...options.map((option) => this.#field(option)));
  }

  #field({ name, label, min, max, random }) {
    const input = element("input", { id: name, name, type: "number", min, max, step: 1, required: true, inputMode: "numeric" });
    this.#inputs.set(name, input);
    const row = element("div", { className: "with-button" }, input);
    if (random) {
      const draw = () => (input.value = random.make());
      draw();
      const button = element("button", { type: "button", title: random.label, onclick: draw }, random.text);
      button.setAttribute("aria-label", random.label);
      row.append(button);
    }
    return element("div", { className: "field" }, element("label", { htmlFor: name }, label), row);
  }

  /** Fills fields that are empty. */
  setDefaults(values) {
    for (const [name, input] of this.#inputs) {
      if (input.value === "" && values[name] !== undefined) input.value = values[name];
    }
  }

  /** The options set, by name. */
  get values() {
    const set = [...this.#inputs].filter(([, input]) => input.value !== "");
    return Object.fromEntries(set.map(([name, input]) => [name, input.valueAsNumber]));
  }

  /** Marks the field at fault, and takes it away again without a name. */
  mark(name) {
    for (const [each, input] of this.#inputs) input.setAttribute("aria-invalid", String(each === name));
    this.#inputs.get(name)?.focus();
  }
}
