import { byId, element } from "./element.js";
import { calm, paint } from "./picture.js";
import { text } from "./strings.js";

/** The pictures of one run: the one in view, and all of them side by side where there are several. */
export class Gallery {
  #picture;
  #onview;
  #row = byId("run");
  #pictures = [];
  #cells = [];
  #nodes = [];
  #at = 0;
  #columns = 0; // 0 where they follow the window's width

  /**
   * @param {import("./picture.js").Picture} picture
   * @param {(made: import("./picture.js").Made) => void} onview
   */
  constructor(picture, onview) {
    this.#picture = picture;
    this.#onview = onview;
    this.#row.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns }[event.key];
      const to = this.#at + by;
      if (!by || !this.#pictures[to]) return;
      event.preventDefault();
      this.view(to);
      this.#cells[to].button.focus();
    });
  }

  /**
   * Makes room for the pictures of a run; returns what fills it, and puts back what was there if that fails.
   * @param {number} count
   * @param {import("./grid.js").Grid} [grid] that they make
   */
  begin(count, grid) {
    const cells = count > 1 || grid ? Array.from({ length: count }, (_, i) => this.#cell(i, grid?.name(i))) : [];
    const pictures = [];
    const buttons = cells.map(({ button }) => button);
    const nodes = grid ? grid.arrange(buttons) : buttons;
    this.#row.replaceChildren(...nodes);
    return {
      preview: (index, pixels) => {
        if (index === 0 || grid) this.#picture.preview(pixels);
        const cell = cells[index]; // of more candidates than pictures, some have none
        if (!cell || performance.now() - cell.drawn < calm) return;
        cell.drawn = performance.now();
        paint(cell.canvas, pixels);
      },
      add: (made) => {
        const cell = cells[pictures.push(made) - 1];
        if (cell) cell.button.replaceChildren(element("img", { src: made.url, alt: "" }));
      },
      keep: () => {
        this.#free(pictures);
        this.#pictures = pictures;
        this.#cells = cells;
        this.#nodes = nodes;
        this.#columns = grid?.columns.length ?? 0;
        grid?.finish(pictures);
        return this.view(0);
      },
      drop: () => {
        for (const { url } of pictures) URL.revokeObjectURL(url);
        this.#row.replaceChildren(...this.#nodes);
        this.#picture.restore();
      },
    };
  }

  #cell(i, name = text.gallery.pick(i)) {
    const canvas = element("canvas", { width: 1, height: 1 });
    return { canvas, drawn: 0, button: element("button", { type: "button", ariaLabel: name, onclick: () => this.view(i) }, canvas) };
  }

  #free(next) {
    for (const { url } of this.#pictures) if (!next.some((each) => each.url === url)) URL.revokeObjectURL(url);
  }

  /** Shows a picture from elsewhere. @param {import("./picture.js").Made} made */
  show(made) {
    const run = this.begin(1);
    run.add(made);
    return run.keep();
  }

  /** Brings the i-th into view. */
  async view(i) {
    const made = this.#pictures[i];
    if (!made) return;
    this.#at = i;
    this.#cells.forEach(({ button }, at) => (button.ariaPressed = String(at === i)));
    await this.#picture.finish(made);
    this.#onview(made);
  }
}
