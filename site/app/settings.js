import { byId, element } from "./element.js";
import { icon } from "./icons.js";
import { text } from "./strings.js";

/** The fields of options, each a view of the recipe, and a line about what else the recipe sets. */
export class Settings {
  #recipe;
  #options;
  #inputs = new Map();
  #model = { defaults: {}, samplers: [] };

  /** @param {import("./recipe.js").Recipe} recipe  @param {object[]} options see options.js */
  constructor(recipe, options) {
    this.#recipe = recipe;
    this.#options = options;
    for (const option of options) byId(option.more ? "more-settings" : "settings").append(this.#field(option));
    recipe.subscribe(() => this.#show());
  }

  #field(option) {
    const { name, label, min, max, any, random, choices } = option;
    const input = choices ? element("select", { id: name })
      : element("input", { id: name, name, type: "number", min, max, step: any ? "any" : 1, required: true, inputMode: any ? "decimal" : "numeric" });
    this.#inputs.set(name, input);
    input.addEventListener("input", () => {
      if (input.validity.valid) this.#recipe.change({ request: { [name]: choices ? input.value : input.valueAsNumber } }, name);
    });
    input.addEventListener("invalid", () => this.#reveal(input));
    const row = element("div", { className: "with-button" }, input);
    if (random) {
      const draw = () => this.#recipe.change({ request: { [name]: random.make() } });
      row.append(element("button", { type: "button", title: random.label, ariaLabel: random.label, onclick: draw }, icon("dice")));
    }
    return element("div", { className: "field" }, element("label", { htmlFor: name }, label), row);
  }

  /** Takes defaults, samplers and the multiple of sides from a model. */
  use(model) {
    this.#model = model;
    for (const { name, choices } of this.#options) {
      const input = this.#inputs.get(name);
      if (choices) input.replaceChildren(...model[choices].map((each) => element("option", { value: each }, each)));
      if (name === "width" || name === "height") input.min = input.step = model.multiple;
    }
    this.#show();
  }

  /** What a field is where the recipe does not say. */
  value(name) {
    return this.#recipe.request[name] ?? this.#model.defaults[name];
  }

  #show() {
    for (const [name, input] of this.#inputs) {
      const value = this.value(name);
      const typing = input === document.activeElement && !input.validity.valid;
      if (value !== undefined && input.value !== String(value) && !typing) input.value = value;
    }
    const hidden = !this.#model.name ? [] : Object.entries(this.#recipe.request).filter(([name, value]) => !this.#inputs.has(name) && value !== this.#model.defaults[name]);
    byId("also").replaceChildren(...hidden.map(([name, value]) => element("li", {}, text.also(name, value), element("button", {
      type: "button", className: "quiet", ariaLabel: text.alsoRemove(name), onclick: () => this.#recipe.change({ request: { [name]: undefined } }),
    }, icon("remove")))));
  }

  /** Marks the field at fault, and takes it away again without a name. */
  mark(name) {
    for (const [each, input] of this.#inputs) input.setAttribute("aria-invalid", String(each === name));
    const input = this.#inputs.get(name);
    if (input) this.#reveal(input).focus();
  }

  #reveal(input) {
    const details = input.closest("details");
    if (details) details.open = true;
    return input;
  }
}
