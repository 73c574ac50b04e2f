import { drawSheet } from "../lib/sheet.js";
import { element } from "./element.js";
import { icon } from "./icons.js";
import { text } from "./strings.js";

/**
 * Along one side of a grid: what changes, and to which values.
 * @typedef {{name: string, values: (number|string)[]}} Axis
 */

/** A grid of pictures, row by row, as a table with labels, and as one picture of all. */
export class Grid {
  #x;
  #y;
  #caption;
  #save = element("button", { type: "button", hidden: true }, icon("save"), text.grid.save);

  /**
   * @param {{prompt: string, request: object}[]} cells
   * @param {Axis} x across
   * @param {Axis} [y] down
   */
  constructor(cells, x, y) {
    this.cells = cells;
    this.columns = x.values.map(String);
    this.#x = x;
    this.#y = y;
    this.#caption = text.grid.caption(x.name, y?.name);
  }

  get #rows() {
    return this.#y?.values.map(String) ?? [""];
  }

  /** What is special about the i-th cell. */
  name(i) {
    const count = this.columns.length;
    return text.grid.cell([[this.#x.name, this.columns[i % count]], ...this.#y ? [[this.#y.name, this.#rows[Math.floor(i / count)]]] : []]);
  }

  /** @param {HTMLButtonElement[]} buttons one for each cell  @returns {Node[]} */
  arrange(buttons) {
    const count = this.columns.length;
    const head = (scope) => (label) => element("th", { scope }, label);
    const side = this.#y ? [element("td")] : [];
    const rows = this.#rows.map((label, row) => element("tr", {}, ...this.#y ? [head("row")(label)] : [],
      ...buttons.slice(row * count, (row + 1) * count).map((button) => element("td", {}, button))));
    return [element("table", {}, element("caption", {}, this.#caption), element("thead", {}, element("tr", {}, ...side, ...this.columns.map(head("col")))),
      element("tbody", {}, ...rows)), this.#save];
  }

  /** Offers what is made as one picture. @param {import("./picture.js").Made[]} pictures of the first cells, or all */
  finish(pictures) {
    this.#save.hidden = false;
    this.#save.onclick = async () => {
      const sheet = await drawSheet({ caption: this.#caption, columns: this.columns, rows: this.#rows, blobs: pictures.map(({ blob }) => blob) });
      const url = URL.createObjectURL(sheet);
      element("a", { href: url, download: text.grid.file }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000); // when the browser has it
    };
  }
}
