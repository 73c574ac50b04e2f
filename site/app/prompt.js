import { byId, element } from "./element.js";

/** The prompt box and the examples below it. */
export class Prompt {
  #box = byId("prompt");

  /** @param {string[]} examples the first is what the box holds at first */
  constructor(examples) {
    this.#box.value ||= examples[0];
    this.#box.addEventListener("input", () => this.unmark());
    byId("examples").append(...examples.map((text) => element("button", {
      type: "button",
      onclick: () => {
        this.text = text;
        this.#box.focus();
      },
    }, text)));
  }

  get text() {
    return this.#box.value;
  }

  set text(value) {
    this.#box.value = value;
    this.unmark();
  }

  /**
   * Selects what is at fault.
   * @param {number} column in code points, from 1
   * @param {number} [length] in code points; else to the end of the word there
   */
  mark(column, length) {
    const points = [...this.text];
    const units = (count) => points.slice(0, count).join("").length; // what the box counts in
    const [word] = this.text.slice(units(column - 1)).match(/^[\p{L}\p{N}_]*/u);
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
