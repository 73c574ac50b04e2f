import { byId, element } from "./element.js";
import { icon } from "./icons.js";
import { text } from "./strings.js";

/** What else changes with a field: a strength is of the run that it was set for. */
const resets = { hires: { strength: undefined } };

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
    for (const option of options) (option.group ? this.#group(option.group) : byId("settings")).append(this.#field(option));
    recipe.subscribe(() => this.#show());
  }

  /** The fields of a group, which is made with the first of them. */
  #group(name) {
    const id = `group-${name}`;
    if (byId(id)) return byId(id);
    const [title, help] = text.groups[name];
    const fields = element("div", { id, className: "settings" });
    const group = element("fieldset", {}, element("legend", {}, title), fields);
    if (help) {
      group.append(element("p", { id: `${id}-help`, className: "help" }, help));
      group.setAttribute("aria-describedby", `${id}-help`);
    }
    byId("more-settings").append(group);
    return fields;
  }

  #field(option) {
    const { name, min, max, any, random, choices, group, slide } = option;
    const input = choices ? element("select", { id: name })
      : element("input", { id: name, name, type: slide ? "range" : "number", min, max, step: slide ?? (any ? "any" : 1), inputMode: any ? "decimal" : "numeric" });
    if (Array.isArray(choices)) input.append(...choices.map((value) => element("option", { value }, text.choices[name][value])));
    this.#inputs.set(name, input);
    input.addEventListener("input", () => {
      const chosen = Array.isArray(choices) ? choices.find((each) => String(each) === input.value) : input.value;
      const value = input.value === "" ? undefined : choices ? chosen : input.valueAsNumber;
      if (input.validity.valid) this.#recipe.change({ request: { [name]: value, ...resets[name] } }, name);
    });
    input.addEventListener("invalid", () => this.#reveal(input));
    const row = element("div", { className: "with-button" }, input);
    if (slide) row.append(element("span", { ariaHidden: "true" }));
    if (random) {
      const draw = () => this.#recipe.change({ request: { [name]: random.make() } });
      row.append(element("button", { type: "button", title: random.label, ariaLabel: random.label, onclick: draw }, icon("dice")));
    }
    return element("div", { className: "field" }, element("label", { htmlFor: name }, text.settings[name]), row);
  }

  /** Takes defaults, samplers and the multiple of sides from a model. */
  use(model) {
    this.#model = model;
    for (const { name, choices, group } of this.#options) {
      const input = this.#inputs.get(name);
      if (!choices) input.required = !group; // until then an empty field is the model's to fill
      if (typeof choices === "string") input.replaceChildren(...model[choices].map((each) => element("option", { value: each }, each)));
      if (name === "width" || name === "height") input.min = input.step = model.multiple;
    }
    this.#show();
  }

  /** What a field is, be it by the recipe or else by the model. */
  value(name) {
    return this.#recipe.request[name] ?? this.#usual(name);
  }

  /** What the model says of a field. A model's corrector is that of its own sampler, and its moves that corrector's. */
  #usual(name) {
    const { defaults } = this.#model;
    const others = { corrector: "sampler", corrector_moves: "corrector" }[name];
    if (!others || this.value(others) === defaults[others]) return defaults[name];
    return undefined;
  }

  #show() {
    for (const { name, group, choices, absent, slide } of this.#options) {
      const input = this.#inputs.get(name);
      const usual = this.#usual(name) ?? absent;
      const bare = group && !choices && !slide; // the usual value stands in the empty field
      if (bare) input.placeholder = usual ?? "";
      const value = this.#recipe.request[name] ?? (bare ? "" : usual);
      const typing = input === document.activeElement && !input.validity.valid;
      if (value !== undefined && input.value !== String(value) && !typing) input.value = value;
      if (slide) input.nextSibling.textContent = input.value;
    }
    this.#inputs.get("corrector_moves").disabled = [undefined, "none"].includes(this.value("corrector"));
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
