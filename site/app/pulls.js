import { heat, seen } from "../lib/maps.js";
import { recall, remember } from "../lib/memory.js";
import { byId, element } from "./element.js";
import { previewEvery } from "./options.js";
import { calm, paint } from "./picture.js";
import { text } from "./strings.js";

/** On each card where its concept pulls, or what it leads to alone; over the picture, where the one pulls that is pointed at. */
export class Pulls {
  #composition;
  #kept; // of the picture in view
  #running; // of the one that is made
  #drawn = 0;
  #alone = false;
  #cards = byId("cards");

  /** @param {import("./composition.js").Composition} composition whose cards are on the page */
  constructor(composition) {
    this.#composition = composition;
    for (const name of ["previews", "maps"]) {
      byId(name).checked = recall(name) !== "off";
      byId(name).addEventListener("change", ({ target }) => {
        remember(name, target.checked ? undefined : "off");
        this.#show();
      });
    }
    for (const event of ["pointerover", "pointerout", "focusin", "focusout"]) this.#cards.addEventListener(event, () => this.#lay());
    composition.subscribe(() => this.#show());
  }

  /** What is asked of Counterpoint.stream. */
  get options() {
    const every = (name) => (byId(name).checked ? previewEvery : 0);
    return { preview_every: every("previews"), maps_every: every("maps") };
  }

  /** Shows those of a picture that is made, or else of the one in view. @param {import("../lib/maps.js").Maps} [maps] */
  during(maps) {
    this.#running = maps;
    if (maps && performance.now() - this.#drawn < calm) return;
    this.#drawn = performance.now();
    this.#show();
  }

  /** Shows those of the picture in view, if it has any. */
  of(maps) {
    this.#kept = maps;
    this.during();
  }

  get #maps() {
    return byId("maps").checked ? this.#running ?? this.#kept : undefined;
  }

  #of(i) {
    const { card, on } = this.#composition.cards[i] ?? {};
    return { card, ...(on && this.#maps?.of(card)) };
  }

  #show() {
    [...this.#cards.children].forEach((box, i) => {
      const { card, pull, pixels } = this.#of(i);
      let button = box.querySelector(".pull");
      if (pull && !button) {
        button = element("button", { type: "button", className: "pull", title: text.pulls.turn, onclick: () => this.#turn() }, element("canvas"));
        box.append(button);
      }
      if (button) button.hidden = !pull;
      if (!pull) return;
      const alone = this.#alone && pixels;
      paint(button.firstChild, alone ? seen(pull, pixels) : heat(pull, this.#maps, true));
      button.ariaLabel = alone ? text.pulls.alone(card) : text.pulls.where(card, pull.indexOf(Math.max(...pull)), this.#maps);
    });
    this.#lay();
  }

  #turn() {
    this.#alone = !this.#alone;
    this.#show();
  }

  /** Lays the map of the card that is pointed at, or has the focus, over the picture. */
  #lay() {
    const box = this.#cards.querySelector(":scope > :hover") ?? this.#cards.querySelector(":scope > :focus-within");
    const { card, pull } = this.#of([...this.#cards.children].indexOf(box));
    byId("heat").hidden = byId("legend").hidden = !pull;
    if (!pull) return;
    paint(byId("heat"), heat(pull, this.#maps));
    byId("legend").firstChild.textContent = text.pulls.over(card);
    byId("legend").lastChild.textContent = this.#maps.peak.toPrecision(2);
  }
}
