import { CardView } from "./card.js";
import { byId } from "./element.js";
import { text } from "./strings.js";

/** The row of cards, and the field that adds one. */
export class Cards {
  #composition;
  #actions;
  #views = [];
  #list = byId("cards");
  #hint = byId("cards-hint");
  #new = byId("new-card");

  /**
   * @param {import("./composition.js").Composition} composition
   * @param {object} actions place, region, drag and suggest of CardView's Actions
   */
  constructor(composition, actions) {
    this.#composition = composition;
    this.#actions = {
      ...actions,
      edit: (i, changes) => composition.edit(i, changes),
      toggle: (i) => composition.toggle(i),
      range: (i) => composition.edit(i, { range: composition.cards[i].card.range ? undefined : { from: 0, to: 0.5 } }),
      remove: (i) => this.#remove(i),
    };
    actions.suggest(this.#new); // first, so that Enter takes a word before it adds a card
    byId("add-card").addEventListener("click", () => this.#add());
    this.#new.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
      event.preventDefault(); // not Generate
      this.#add();
    });
    composition.subscribe(() => this.#show());
  }

  #add() {
    if (this.#new.value.trim()) this.#composition.add(this.#new.value);
    this.#new.value = "";
    this.#new.focus();
  }

  #remove(i) {
    this.#composition.remove(i);
    const next = this.#views[Math.min(i, this.#composition.cards.length - 1)];
    if (next) next.focus("remove");
    else this.#new.focus();
  }

  #show() {
    const { cards, current, open, fault, explained } = this.#composition;
    const live = open && (current || !fault); // until the engine has answered, they are left as they are
    while (this.#views.length < cards.length) {
      const view = new CardView(this.#views.length, this.#actions);
      this.#views.push(view);
      this.#list.append(view.element);
    }
    for (const view of this.#views.splice(cards.length)) view.element.remove();
    const words = explained?.warnings.filter(({ word }) => word) ?? [];
    cards.forEach(({ card, on }, i) => {
      this.#views[i].show(card, { on, live: live || !on, words: words.filter(({ word }) => on && live && card.text.includes(word)) });
    });
    this.#list.classList.toggle("stale", !live);
    this.#new.disabled = byId("add-card").disabled = !live;
    this.#hint.textContent = open ? (fault && !current ? text.cards.stale : cards.length ? "" : text.cards.none) : text.cards.waiting;
    this.#hint.hidden = !this.#hint.textContent;
  }
}
