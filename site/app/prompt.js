import { byId, element } from "./element.js";

/** What Ctrl and an arrow add to a weight. */
const step = 0.1;

/** The prompt box, and the examples. */
export class Prompt {
  #box = byId("prompt");

  /**
   * @param {import("./recipe.js").Recipe} recipe
   * @param {import("./composition.js").Composition} composition
   * @param {string[]} examples
   */
  constructor(recipe, composition, examples) {
    this.#box.addEventListener("input", () => {
      this.unmark();
      recipe.change({ prompt: this.#box.value }, "prompt");
    });
    this.#box.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
      const i = composition.cardAt(this.#box.selectionStart);
      if (i < 0) return;
      event.preventDefault();
      const at = this.#box.selectionStart;
      const weight = composition.cards[i].card.weight + (event.key === "ArrowUp" ? step : -step);
      composition.edit(i, { weight: Number(weight.toFixed(2)) });
      this.#box.setSelectionRange(at, at);
    });
    recipe.subscribe(() => {
      if (this.#box.value === recipe.prompt) return;
      this.#box.value = recipe.prompt;
      this.unmark();
    });
    // Browsers leave one that is wider than their row where it is.
    byId("examples").addEventListener("focusin", ({ target }) => target.matches(":focus-visible") && target.scrollIntoView({ block: "nearest", inline: "nearest" }));
    byId("examples").append(...examples.map((text) => element("button", {
      type: "button",
      onclick: () => {
        recipe.change({ prompt: text, off: [] });
        this.#box.focus();
      },
    }, text)));
  }

  /**
   * Selects what is at fault.
   * @param {number} column in code points, from 1
   * @param {number} [length] in code points; else to the end of the word there
   */
  mark(column, length) {
    const points = [...this.#box.value];
    const units = (count) => points.slice(0, count).join("").length; // what the box counts in
    const [word] = this.#box.value.slice(units(column - 1)).match(/^[\p{L}\p{N}_]*/u);
    const end = Math.min(column - 1 + (length ?? ([...word].length || 1)), points.length);
    const start = Math.min(column - 1, Math.max(end - 1, 0)); // at the very end, what is before it
    this.#box.setAttribute("aria-invalid", "true");
    this.#box.setAttribute("aria-errormessage", "alert");
    this.#box.focus();
    this.#box.setSelectionRange(units(start), units(end));
  }

  unmark() {
    this.#box.removeAttribute("aria-invalid");
    this.#box.removeAttribute("aria-errormessage");
  }
}
