import { byId, element } from "./element.js";
import { follow, fractionsOf } from "./drag.js";
import { Marker } from "./marker.js";
import { text } from "./strings.js";

/** A concept's region, as a box that is seen alone: its numbers are on the card. */
class RegionBox {
  #label = element("span", { dir: "auto" });

  constructor(i) {
    this.element = element("div", { className: `region-box voice-${i % 6}`, ariaHidden: "true" }, this.#label);
  }

  show({ text, region: { x0, x1, y0, y1 } }) {
    const percent = (v) => `${100 * v}%`;
    Object.assign(this.element.style, { left: percent(x0), top: percent(y0), width: percent(x1 - x0), height: percent(y1 - y0) });
    this.#label.textContent = text;
  }
}

/** What a region is until it is drawn. */
const half = { x0: 0, x1: 0.5, y0: 0, y1: 1 };

/** Places and regions on the picture: markers and boxes that are moved and drawn there. */
export class Board {
  #composition;
  #sheet = byId("sheet");
  #board = byId("board");
  #hint = byId("board-hint");
  #markers = new Map(); // by card
  #regions = new Map();
  #drawing = -1; // the card whose region is drawn
  #shown; // what the picture in view was made of

  /** @param {import("./composition.js").Composition} composition */
  constructor(composition) {
    this.#composition = composition;
    this.#board.addEventListener("pointerdown", (event) => this.#draw(event));
    addEventListener("keydown", (event) => this.#drawing >= 0 && event.key === "Escape" && this.#stopDrawing(event), { capture: true });
    composition.subscribe(() => this.#show());
  }

  /** @param {{prompt: string, rows: object[], places: object[]}} made what a picture in view was made of */
  of(made) {
    this.#shown = made;
    this.#show();
  }

  /** Gives a card a place, or takes it away. */
  place(i) {
    const { card } = this.#composition.cards[i];
    const place = card.place ? undefined : this.#drawn(card) ?? { x: 0.5, y: 0.5 };
    this.#composition.edit(i, { place: place && { x: place.x, y: place.y } });
    if (place) this.#reveal(() => this.#markers.get(i)?.element.focus());
  }

  /** Gives a card a region, which can be drawn then, or takes it away. */
  region(i) {
    const { card, on } = this.#composition.cards[i];
    this.#stopDrawing();
    this.#composition.edit(i, { region: card.region ? undefined : half });
    if (card.region || !on) return;
    this.#drawing = i;
    this.#board.classList.add("drawing");
    this.#hint.textContent = text.board.draw(card);
    this.#reveal();
  }

  /** Takes a card from its handle to the picture. @param {PointerEvent} event of going down */
  drag(i, event) {
    const { card, on } = this.#composition.cards[i];
    if (event.button || card.kind === "group" || !on) return;
    event.preventDefault();
    const carried = element("div", { className: `carried voice-${i % 6}` }, card.text);
    document.body.append(carried);
    const move = (event) => {
      Object.assign(carried.style, { left: `${event.clientX}px`, top: `${event.clientY}px` });
      this.#board.classList.toggle("over", fractionsOf(this.#sheet, event).inside);
    };
    move(event);
    follow(event, move, (last) => {
      carried.remove();
      this.#board.classList.remove("over");
      const at = last && fractionsOf(this.#sheet, last);
      if (at?.inside) this.#composition.edit(i, { place: { x: at.x, y: at.y } });
    });
  }

  #draw(event) {
    if (event.button || this.#drawing < 0 || event.target.closest("button")) return;
    event.preventDefault();
    const i = this.#drawing;
    const from = fractionsOf(this.#sheet, event);
    const move = (event) => {
      const to = fractionsOf(this.#sheet, event);
      const region = { x0: Math.min(from.x, to.x), x1: Math.max(from.x, to.x), y0: Math.min(from.y, to.y), y1: Math.max(from.y, to.y) };
      if (region.x0 < region.x1 && region.y0 < region.y1) this.#composition.edit(i, { region });
    };
    follow(event, move, () => this.#stopDrawing());
  }

  /** @param {Event} [event] that is this one's alone: Escape stops no run, too */
  #stopDrawing(event) {
    event?.stopPropagation();
    this.#drawing = -1;
    this.#board.classList.remove("drawing");
    this.#hint.textContent = "";
  }

  /** Brings the picture into view, on screens that are too small for all. */
  #reveal(then = () => {}) {
    this.#sheet.scrollIntoView({ block: "nearest" });
    then();
  }

  /** The place that the seed chose for a card's concept, if it is one thing. */
  #drawn(card) {
    if (card.kind === "group" || card.not) return undefined;
    const { prompt, explained } = this.#composition;
    const { rows, places } = this.#shown?.prompt === prompt ? this.#shown : explained ?? { rows: [], places: [] };
    const row = rows.findIndex((each) => each.text === card.text && !each.place && !each.unconditional);
    return places[row]?.length === 1 ? places[row][0] : undefined;
  }

  #show() {
    const markers = new Map();
    const regions = new Map();
    this.#composition.cards.forEach(({ card, on }, i) => {
      if (!on) return;
      const place = card.place ?? this.#drawn(card);
      if (place) {
        const move = (to) => this.#composition.edit(i, { place: to && { x: to.x, y: to.y } });
        const marker = this.#markers.get(i) ?? new Marker(i, this.#sheet, move);
        marker.show(card, place, !card.place);
        markers.set(i, marker);
      }
      if (card.region) {
        const box = this.#regions.get(i) ?? new RegionBox(i);
        box.show(card);
        regions.set(i, box);
      }
    });
    this.#markers = this.#replace(this.#markers, markers);
    this.#regions = this.#replace(this.#regions, regions);
    if (this.#drawing >= 0 && !regions.has(this.#drawing)) this.#stopDrawing();
  }

  #replace(before, now) {
    for (const [i, { element }] of before) if (!now.has(i)) element.remove();
    for (const [i, { element }] of now) if (!before.has(i)) this.#board.append(element);
    return now;
  }
}
