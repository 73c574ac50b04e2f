import { byId, element } from "./element.js";
import { text } from "./strings.js";

/**
 * Whether a picture shows a concept, as the model judges (PROTOCOL.md, "Lift").
 * @typedef {{text: string, not: boolean, place?: {x: number, y: number}, score: number, nats: number, holds: boolean}} Verdict
 */

/**
 * @param {object[]} rows of a run
 * @param {object[]} [lifts] of one of its pictures
 * @returns {Verdict[]|undefined}
 */
export function verdictsOf(rows, lifts) {
  return lifts?.map(({ row, score, nats, holds }) => ({ text: rows[row].text, not: rows[row].coef < 0, place: rows[row].place, score, nats, holds }));
}

/** The verdicts on the picture in view, each in the colour of its card. */
export class Verdicts {
  #composition;
  #verdicts;
  #box = byId("verdicts");

  /** @param {import("./composition.js").Composition} composition */
  constructor(composition) {
    this.#composition = composition;
    composition.subscribe(() => this.#colour());
  }

  /** @param {Verdict[]} [verdicts] none where nobody asked */
  of(verdicts = []) {
    this.#verdicts = verdicts;
    this.#box.replaceChildren(...verdicts.length ? [
      element("ul", { ariaLabel: text.verdicts.label }, ...verdicts.map((each) => this.#chip(each))),
      element("p", { className: "help" }, text.verdicts.help),
    ] : []);
    this.#colour();
  }

  #chip(verdict) {
    const mark = element("span", { className: "badge", role: "img", ariaLabel: text.verdicts.mark(verdict.holds) }, verdict.holds ? "✓" : "✗");
    return element("li", { title: text.verdicts.explain(verdict) },
      mark, element("span", { dir: "auto" }, text.verdicts.concept(verdict)), element("span", {}, text.verdicts.score(verdict)));
  }

  #colour() {
    this.#box.querySelectorAll("li").forEach((chip, i) => {
      const verdict = this.#verdicts[i];
      const card = this.#card(verdict);
      chip.className = `${verdict.holds ? "" : "fails "}${card < 0 ? "" : `voice-${card % 6}`}`;
    });
  }

  /** The card that a verdict is about, -1 where it was edited since. */
  #card({ text, place }) {
    const { cards } = this.#composition;
    const about = ({ card, on }) => on && (card.kind === "term" ? card.text === text : card.text.includes(text));
    const there = cards.findIndex((each) => about(each) && each.card.place?.x === place?.x && each.card.place?.y === place?.y);
    return there < 0 ? cards.findIndex(about) : there;
  }
}
