import { recall, remember } from "../lib/memory.js";
import { bare } from "../lib/png.js";
import { byId, element } from "./element.js";
import { text } from "./strings.js";

/** Milliseconds between two previews: more than three flashes a second can harm (WCAG 2.3.1). */
export const calm = 400;

/**
 * The picture in view, and what is known of how it was made.
 * @typedef {object} Made
 * @property {Blob} blob a PNG with its recipe
 * @property {string} url of it
 * @property {object} request for this picture alone
 * @property {string} made a line on how
 * @property {string[]} notes
 * @property {import("./verdicts.js").Verdict[]} [verdicts]
 * @property {import("../lib/maps.js").Maps} [maps] where its concepts pull, as long as it is on the page
 * @property {{image: Blob, mask_image?: ImageData}} [inputs] what it began with
 * @property {object[]} [rows] and what was put where, places (PROTOCOL.md, "picture")
 */
export class Picture {
  #image = byId("picture");
  #preview = byId("preview");
  #sheet = byId("sheet");
  #caption = byId("caption");
  #made;
  #drawn = 0;
  #size = [1, 1];
  #plain = byId("plain");
  #bare = ""; // the URL of a file without a recipe

  constructor() {
    this.#plain.checked = Boolean(recall("plain"));
    this.#plain.addEventListener("change", () => {
      remember("plain", this.#plain.checked ? "on" : undefined);
      this.#load();
    });
    new ResizeObserver(() => this.#fit()).observe(byId("frame"));
  }

  /** The picture that is finished and in view, if there is one. @returns {Made|undefined} */
  get made() {
    return this.#made;
  }

  /** Takes the shape of pictures to come, while there is none. */
  shape(width, height) {
    this.#size = [width, height];
    this.#fit();
  }

  /** Shows what a picture will be, while it is made. @param {ImageData} pixels */
  preview(pixels) {
    if (performance.now() - this.#drawn < calm) return;
    this.#drawn = performance.now();
    paint(this.#preview, pixels);
    this.#show(this.#preview);
  }

  /** Goes back to the last finished picture, if there is one. */
  restore() {
    this.#show(this.#made ? this.#image : byId("empty"));
  }

  /** Shows a finished picture, or none. @param {Made} [made] */
  async finish(made) {
    this.#made = made;
    if (!made) return this.restore();
    await this.#load();
    if (made !== this.#made) return; // another came meanwhile
    byId("caption-prompt").textContent = made.request.prompt;
    byId("made").textContent = made.made;
    byId("notes").replaceChildren(...made.notes.map((note) => element("li", {}, note)));
    this.restore();
  }

  /** Shows and offers the file of the picture, with its recipe inside or without. */
  async #load() {
    const made = this.#made;
    const plain = this.#plain.checked;
    const parts = plain && bare(new Uint8Array(await made.blob.arrayBuffer()));
    if (made !== this.#made) return;
    URL.revokeObjectURL(this.#bare);
    this.#bare = plain ? URL.createObjectURL(new Blob(parts, { type: "image/png" })) : "";
    const href = this.#bare || made.url;
    Object.assign(byId("download"), { href, download: text.fileName(made.request, plain) });
    this.#image.src = href;
    await this.#image.decode();
  }

  /** Shows each pixel as a square of whole pixels of the screen, unless that leaves much of the frame empty. */
  #fit() {
    const [width, height] = this.#image.hidden ? this.#size : [this.#image.naturalWidth, this.#image.naturalHeight];
    const most = byId("frame").clientWidth * devicePixelRatio / Math.max(width, height);
    const crisp = !this.#image.hidden && Math.floor(most) >= 0.9 * most;
    this.#image.classList.toggle("crisp", crisp);
    const side = (pixels) => `${(crisp ? Math.floor(most) : most) * pixels / devicePixelRatio}px`;
    Object.assign(this.#sheet.style, { width: side(width), height: side(height) });
  }

  #show(which) {
    for (const each of [this.#image, this.#preview, byId("empty")]) each.hidden = each !== which;
    this.#caption.hidden = which !== this.#image;
    this.#fit();
  }
}

/** @param {HTMLCanvasElement} canvas  @param {ImageData} pixels */
export function paint(canvas, pixels) {
  Object.assign(canvas, { width: pixels.width, height: pixels.height });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}
