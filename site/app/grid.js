import { element } from "./element.js";
import { icon } from "./icons.js";
import { text } from "./strings.js";

/** The most pixels of a picture of a grid: some browsers' canvases hold no more. */
const mostPixels = 16e6;

/** A grid of pictures, row by row, as a table with labels, and as one picture of all. */
export class Grid {
  #x;
  #y;
  #rows;
  #caption;
  #save = element("button", { type: "button", hidden: true }, icon("save"), text.grid.save);

  /**
   * @param {{prompt: string, request: object}[]} cells
   * @param {{name: string, values: number[]}} x what changes across, and to which values
   * @param {{name: string, values: number[]}} [y] the same down
   */
  constructor(cells, x, y) {
    this.cells = cells;
    this.columns = x.values;
    this.#x = x;
    this.#y = y;
    this.#rows = y?.values ?? [""];
    this.#caption = text.grid.caption(x.name, y?.name);
  }

  /** What is special about the i-th cell. */
  name(i) {
    const { length } = this.columns;
    return `${this.#x.name} ${this.columns[i % length]}${this.#y ? `, ${this.#y.name} ${this.#rows[Math.floor(i / length)]}` : ""}`;
  }

  /** @param {HTMLButtonElement[]} buttons one for each cell  @returns {Node[]} */
  arrange(buttons) {
    const { length } = this.columns;
    const head = (scope) => (label) => element("th", { scope }, label);
    const side = (node) => (this.#y ? [node] : []);
    const rows = this.#rows.map((label, row) => element("tr", {}, ...side(head("row")(label)),
      ...buttons.slice(row * length, (row + 1) * length).map((button) => element("td", {}, button))));
    return [element("table", {}, element("caption", {}, this.#caption), element("tr", {}, ...side(element("td")), ...this.columns.map(head("col"))), ...rows), this.#save];
  }

  /** Offers what is made as one picture. @param {import("./picture.js").Made[]} pictures of the first cells, or all */
  finish(pictures) {
    this.#save.hidden = false;
    this.#save.onclick = async () => {
      const url = URL.createObjectURL(await this.#draw(pictures));
      element("a", { href: url, download: text.grid.file }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000); // when the browser has it
    };
  }

  /** Draws all, with labels. @returns {Promise<Blob>} a PNG, with nothing written into it */
  async #draw(made) {
    const pictures = await Promise.all(made.map(({ blob }) => createImageBitmap(blob)));
    const [{ width, height }] = pictures;
    const size = Math.min(32, Math.max(12, Math.round(width / 10))); // of the letters
    const [line, gap] = [Math.round(1.6 * size), Math.ceil(size / 4)];
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext("2d");
    const font = () => Object.assign(context, { font: `${size}px system-ui, sans-serif`, textAlign: "center", textBaseline: "middle" });
    font();
    const left = Math.ceil(line / 2 + Math.min(width, Math.max(...this.#rows.map((row) => context.measureText(row).width))));
    const sides = [left + this.columns.length * (width + gap), 2 * line + this.#rows.length * (height + gap)];
    const scale = Math.min(1, Math.sqrt(mostPixels / (sides[0] * sides[1])));
    [canvas.width, canvas.height] = sides.map((side) => side * scale);
    context.scale(scale, scale);
    context.fillStyle = "white";
    context.fillRect(0, 0, ...sides);
    context.fillStyle = "black";
    font();
    const [x, y] = [(i) => left + i * (width + gap), (i) => 2 * line + i * (height + gap)];
    context.fillText(this.#caption, sides[0] / 2, line / 2, sides[0] - gap);
    this.columns.forEach((label, i) => context.fillText(label, x(i) + width / 2, 1.5 * line, width));
    this.#rows.forEach((label, i) => context.fillText(label, left / 2, y(i) + height / 2, left - gap));
    pictures.forEach((picture, i) => {
      context.drawImage(picture, x(i % this.columns.length), y(Math.floor(i / this.columns.length)));
      picture.close();
    });
    return canvas.convertToBlob();
  }
}
