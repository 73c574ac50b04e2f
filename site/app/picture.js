import { byId, element } from "./element.js";

/** Milliseconds between two previews: more than three flashes a second can harm (WCAG 2.3.1). */
const calm = 400;

/** The picture, what is known of how it was made, and the link that saves it. */
export class Picture {
  #image = byId("picture");
  #preview = byId("preview");
  #caption = byId("caption");
  #url = "";
  #drawn = 0;

  constructor() {
    new ResizeObserver(() => this.#fit()).observe(byId("frame"));
  }

  /** Shows what a picture will be, while it is made. @param {ImageData} pixels */
  preview(pixels) {
    if (performance.now() - this.#drawn < calm) return;
    this.#drawn = performance.now();
    Object.assign(this.#preview, { width: pixels.width, height: pixels.height });
    this.#preview.getContext("2d").putImageData(pixels, 0, 0);
    this.#show(this.#preview);
  }

  /** Goes back to the last finished picture, if there is one. */
  restore() {
    this.#show(this.#url ? this.#image : byId("empty"));
    this.#caption.hidden = !this.#url;
  }

  /**
   * Shows a finished picture.
   * @param {Blob} blob a PNG with its recipe
   * @param {{name: string, prompt: string, made: string, notes: string[]}} about name: of the file
   */
  async finish(blob, { name, prompt, made, notes }) {
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(blob);
    this.#image.src = this.#url;
    await this.#image.decode();
    this.#fit();
    byId("caption-prompt").textContent = prompt;
    byId("made").textContent = made;
    byId("notes").replaceChildren(...notes.map((note) => element("li", {}, note)));
    Object.assign(byId("download"), { href: this.#url, download: name });
    this.restore();
  }

  /** Shows each pixel as a square of whole pixels of the screen, unless that leaves much of the frame empty. */
  #fit() {
    const { naturalWidth: width, naturalHeight: height } = this.#image;
    const most = byId("frame").clientWidth * devicePixelRatio / Math.max(width, height);
    const crisp = Math.floor(most) >= 0.9 * most;
    this.#image.classList.toggle("crisp", crisp);
    this.#image.style.width = `${(crisp ? Math.floor(most) : most) * width / devicePixelRatio}px`;
  }

  #show(which) {
    for (const each of [this.#image, this.#preview, byId("empty")]) each.hidden = each !== which;
    this.#caption.hidden = which !== this.#image;
  }
}
