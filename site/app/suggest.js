import { element } from "./element.js";

const most = 6;
const least = 2; // letters

let lists = 0;

/** Offers words of the model's vocabulary for the one that is being typed in a field. */
export class Suggest {
  #vocabulary;
  #field;
  #list = element("ul", { role: "listbox", className: "suggestions", hidden: true, id: `suggestions-${++lists}` });
  #words = [];
  #chosen = -1;

  /**
   * @param {HTMLInputElement|HTMLTextAreaElement} field
   * @param {string} label of the list
   * @param {() => string[]} vocabulary sorted
   */
  constructor(field, label, vocabulary) {
    this.#field = field;
    this.#vocabulary = vocabulary;
    this.#list.ariaLabel = label;
    field.ariaAutoComplete = "list";
    field.addEventListener("input", () => this.#offer());
    field.addEventListener("blur", () => this.#close());
    field.addEventListener("keydown", (event) => this.#key(event));
  }

  /** What stands before the cursor of the word there. */
  #begun() {
    const { value, selectionStart, selectionEnd } = this.#field;
    if (selectionStart !== selectionEnd || /^[\p{L}\p{N}]/u.test(value.slice(selectionStart))) return "";
    return value.slice(0, selectionStart).match(/[\p{L}\p{N}]*$/u)[0];
  }

  #offer() {
    const begun = this.#begun();
    const known = this.#vocabulary();
    const begins = begun.toLowerCase();
    const fits = begun.length >= least && begun !== begun.toUpperCase() && !known.includes(begins);
    this.#words = fits ? known.filter((word) => word.startsWith(begins)).slice(0, most) : [];
    if (!this.#words.length) return this.#close();
    this.#attach();
    this.#list.replaceChildren(...this.#words.map((word, i) => element("li", {
      role: "option",
      id: `${this.#list.id}-${i}`,
      onpointerdown: (event) => {
        event.preventDefault(); // the field keeps the focus
        this.#take(word);
      },
    }, word)));
    this.#list.hidden = false;
    this.#choose(-1);
  }

  /** Puts the list beside the field once it is of use. */
  #attach() {
    if (this.#list.parentNode) return;
    this.#field.after(this.#list);
    this.#field.setAttribute("aria-controls", this.#list.id);
  }

  #choose(i) {
    this.#chosen = i;
    [...this.#list.children].forEach((option, at) => (option.ariaSelected = String(at === i)));
    if (i < 0) this.#field.removeAttribute("aria-activedescendant");
    else this.#field.setAttribute("aria-activedescendant", this.#list.children[i].id);
  }

  #key(event) {
    if (this.#list.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    const count = this.#words.length;
    const act = {
      ArrowDown: () => this.#choose((this.#chosen + 1) % count),
      ArrowUp: () => this.#choose((Math.max(this.#chosen, 0) + count - 1) % count),
      Enter: this.#chosen >= 0 && (() => this.#take(this.#words[this.#chosen])),
      Tab: this.#chosen >= 0 && (() => this.#take(this.#words[this.#chosen])),
      Escape: () => this.#close(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  #take(word) {
    const end = this.#field.selectionStart;
    this.#field.setRangeText(word, end - this.#begun().length, end, "end");
    this.#close();
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #close() {
    this.#list.hidden = true;
    this.#choose(-1);
  }
}
