import { byId, element } from "./element.js";
import { text } from "./strings.js";

/** What the engine remarks about the prompt while it is written: gently, and with the mend where there is one. */
export class Words {
  #recipe;
  #list = byId("remarks");

  /**
   * @param {import("./recipe.js").Recipe} recipe
   * @param {import("./composition.js").Composition} composition
   */
  constructor(recipe, composition) {
    this.#recipe = recipe;
    composition.subscribe(() => {
      const { fault, explained, open } = composition;
      const warnings = explained?.warnings ?? [];
      const names = warnings.some(({ kind }) => kind === "model") ? [] : namesIn(composition.cards);
      const remarks = fault && open ? [element("li", {}, text.error(fault), fault.hint ? ` (${fault.hint})` : "")]
        : [...names.map((name) => element("li", {}, text.words.named(name), text.words.where)),
          ...warnings.filter(({ word }) => !names.includes(word)).map((warning) => this.#remark(warning))];
      this.#list.replaceChildren(...remarks);
    });
  }

  #remark({ kind, column, word, instead, message, hint }) {
    if (!word) return element("li", {}, text.warning({ column, message, hint }), kind === "model" ? text.words.where : "");
    const said = element("li", {}, text.words.unknown(word));
    if (instead) {
      const mend = element("button", { type: "button", className: "inline", onclick: () => this.#replace(column, word, instead) }, instead);
      said.append(text.words.meant, mend, "?");
    }
    return said;
  }

  #replace(column, word, instead) {
    const points = [...this.#recipe.prompt];
    const end = column - 1 + [...word].length;
    if (points.slice(column - 1, end).join("") !== word) return; // it has changed meanwhile
    this.#recipe.change({ prompt: points.toSpliced(column - 1, end - column + 1, instead).join("") });
    byId("prompt").focus();
  }
}

/** What may be meant as models' names in cards; the engine warns of them only where it knows any. */
const namesIn = (cards) => [...new Set(cards.flatMap(({ card, on }) => (on && !card.model && /^(?:NOT\s+)*([a-z][a-z0-9_-]*): /.exec(card.source)?.[1]) || []))];
