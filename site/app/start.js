import { wantsPictures } from "../lib/request.js";
import { follow } from "./drag.js";
import { byId, element } from "./element.js";
import { text } from "./strings.js";

/** How strongly a picture is changed unless a person says otherwise, as the engine has it: all of it, or behind a mask. */
const usual = (masked) => (masked ? 1 : 0.8);

const button = (onclick, label) => element("button", { type: "button", onclick }, label);

/** The picture that others begin with, and its mask, which is painted: white is made anew. */
export class Start {
  #recipe;
  #model;
  #image; // Blob
  #picture = element("canvas", { role: "img", ariaLabel: text.start.picture });
  #mask = element("canvas", { className: "mask" });
  #masked = false;
  #brush = element("input", { type: "range", min: 2, max: 60, value: 20 });
  #erase = button(() => (this.#erase.ariaPressed = String(!this.#erasing)), text.start.erase);
  #part = ["x0", "x1", "y0", "y1"].map((name, i) => [name, element("input", { type: "number", min: 0, max: 1, step: 0.05, value: i % 2 ? 0.75 : 0.25, ariaLabel: text.start.edge(name) })]);
  #clear = button(() => this.clear(), text.start.clear);
  #tools;
  #note = element("p", { className: "help", ariaLive: "polite" });

  /** @param {import("./recipe.js").Recipe} recipe  @param {(blob: Blob) => void} open called with a picture that was chosen */
  constructor(recipe, open) {
    this.#recipe = recipe;
    const file = element("input", { type: "file", accept: "image/*", hidden: true, id: "start-file" });
    file.addEventListener("change", () => {
      open(file.files[0]);
      file.value = "";
    });
    this.#mask.addEventListener("pointerdown", (event) => this.#paint(event));
    Object.assign(this.#erase, { className: "toggle", ariaPressed: "false" });
    const clearMask = button(() => this.#draw((context) => context.clearRect(0, 0, this.#mask.width, this.#mask.height)), text.start.clearMask);
    const part = this.#part.map(([name, input]) => {
      input.setAttribute("form", ""); // of none: Enter is not Generate
      return element("label", {}, element("span", { ariaHidden: "true" }, text.card.short[name]), input);
    });
    const row = (...parts) => element("div", { className: "row" }, ...parts);
    this.#tools = element("div", { className: "tools" }, element("div", { className: "easel" }, this.#picture, this.#mask), this.#note,
      row(element("label", {}, text.start.brush, this.#brush), this.#erase, clearMask),
      row(element("div", { className: "card-box" }, ...part), button(() => this.#fill(), text.start.part)));
    byId("start").append(row(button(() => file.click(), text.start.open), file, this.#clear), this.#tools, byId("group-start"));
    recipe.subscribe(() => this.#show());
  }

  /** @param {object} model the engine's description of it */
  use(model) {
    this.#model = model;
    byId("start").hidden = byId("start-from").hidden = !model.images;
  }

  get #erasing() {
    return this.#erase.ariaPressed === "true";
  }

  /** What a generation begins with, if the recipe says no more of it: fields of Counterpoint's stream. */
  get inputs() {
    const { width, height } = this.#mask;
    const mask_image = this.#masked ? this.#mask.getContext("2d").getImageData(0, 0, width, height) : undefined;
    return this.#image && { image: this.#image, mask_image, strength: usual(false) };
  }

  /**
   * Takes a picture, and the sides of pictures from it.
   * @param {Blob} image  @param {ImageData} [mask]
   * @returns {Promise<boolean>} whether it can be read, and the model begin with it
   */
  async set(image, mask) {
    const bitmap = this.#model?.images && await createImageBitmap(image).catch(() => {});
    if (!bitmap) return false;
    const { multiple, defaults } = this.#model;
    const scale = Math.min(1, Math.sqrt(4 * defaults.width * defaults.height / (bitmap.width * bitmap.height))); // as the engine where no sides are given
    const [width, height] = mask ? [mask.width, mask.height]
      : [bitmap.width, bitmap.height].map((side) => Math.max(multiple, Math.floor(side * scale / multiple) * multiple));
    for (const canvas of [this.#picture, this.#mask]) Object.assign(canvas, { width, height });
    this.#picture.getContext("2d").drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    this.#image = image;
    this.#masked = false;
    this.#recipe.change({ request: { width, height, strength: usual(false), hires: undefined, image_sha256: undefined } });
    this.#draw((context) => mask && context.putImageData(mask, 0, 0));
    byId("start").open = true;
    return true;
  }

  /** Begins with noise again. */
  clear() {
    this.#image = undefined;
    this.#recipe.change({ request: { strength: undefined, mask_blur: undefined, image_sha256: undefined, mask_image_sha256: undefined } });
    this.#show();
  }

  #paint(event) {
    if (event.button) return;
    event.preventDefault();
    const { left, top, width } = this.#mask.getBoundingClientRect();
    const scale = this.#mask.width / width;
    let [x, y] = [];
    const stroke = ({ clientX, clientY }) => this.#draw((context) => {
      const to = [(clientX - left) * scale, (clientY - top) * scale + 0.01]; // so that a point is a line
      const thick = this.#brush.valueAsNumber / 100 * Math.min(this.#mask.width, this.#mask.height);
      Object.assign(context, { strokeStyle: "white", lineCap: "round", lineWidth: thick + 2 * this.#erasing }); // soft edges go too
      context.beginPath();
      context.moveTo(x ?? to[0], y ?? to[1] - 0.01);
      context.lineTo(...to);
      context.stroke();
      [x, y] = to;
    });
    stroke(event);
    follow(event, stroke);
  }

  /** Uses the brush on a part of the picture, as the fields say: to whole pixels. */
  #fill() {
    this.#draw((context) => {
      const [x0, x1, y0, y1] = this.#part.map(([name, input]) => Math.round(input.valueAsNumber * (name[0] === "x" ? this.#mask.width : this.#mask.height)));
      context.fillStyle = "white";
      context.fillRect(x0, y0, x1 - x0, y1 - y0);
    });
  }

  /** Changes the mask. @param {(context: CanvasRenderingContext2D) => void} change */
  #draw(change) {
    const context = this.#mask.getContext("2d", { willReadFrequently: true });
    context.globalCompositeOperation = this.#erasing ? "destination-out" : "source-over";
    change(context);
    const before = this.#masked;
    this.#masked = context.getImageData(0, 0, this.#mask.width, this.#mask.height).data.some((value) => value);
    const { strength } = this.#recipe.request;
    const moved = before !== this.#masked && strength === usual(before);
    this.#recipe.change({ request: { mask_image_sha256: undefined, strength: moved ? usual(this.#masked) : strength } }, "mask");
    this.#show();
  }

  #show() {
    this.#tools.hidden = !this.#image;
    byId("group-start").hidden = !this.#image && this.#recipe.request.strength === undefined;
    this.#clear.hidden = !this.#image && !wantsPictures(this.#recipe.request);
    this.#note.textContent = this.#masked ? text.start.masked : text.start.all;
  }
}
