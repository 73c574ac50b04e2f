import { element } from "./element.js";
import { follow, fractionsOf } from "./drag.js";
import { text } from "./strings.js";

const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const small = 0.01;
const large = 0.1;

/** Where a concept is on the picture: a knob that pointer and arrow keys move. */
export class Marker {
  #i;
  #place = { x: 0.5, y: 0.5 };
  #number = element("span", { className: "badge", ariaHidden: "true" });
  #label = element("span", { className: "label", ariaHidden: "true", dir: "auto" });

  /**
   * @param {number} i of the card
   * @param {HTMLElement} sheet that it moves on
   * @param {(place: {x: number, y: number}|undefined) => void} move called with nothing to take the place away
   */
  constructor(i, sheet, move) {
    this.#i = i;
    this.#number.textContent = i + 1;
    this.element = element("button", { type: "button", className: `marker voice-${i % 6}` }, this.#number, " ", this.#label);
    this.element.setAttribute("aria-describedby", "board-help");
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.element.classList.add("held");
      follow(event, (event) => move(fractionsOf(sheet, event)), () => this.element.classList.remove("held"));
    });
    this.element.addEventListener("keydown", (event) => {
      const by = steps[event.key];
      if (by && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        const amount = event.shiftKey ? large : small;
        const to = (at, step) => Math.min(1, Math.max(0, Number((at + step * amount).toFixed(2))));
        move({ x: to(this.#place.x, by[0]), y: to(this.#place.y, by[1]) });
      } else if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        move();
      }
    });
  }

  /** @param {object} card  @param {{x: number, y: number}} place  @param {boolean} drawn whether the seed chose it */
  show(card, { x, y }, drawn) {
    this.#place = { x, y };
    Object.assign(this.element.style, { left: `${100 * x}%`, top: `${100 * y}%` });
    this.element.classList.toggle("drawn", drawn);
    this.element.classList.toggle("left", x > 0.6);
    this.element.ariaLabel = text.board.marker(this.#i, card, { x, y }, drawn);
    this.#label.textContent = card.text;
  }
}
