/** Where the terms pull in one picture, and what each leads to alone, over its run (PROTOCOL.md, "maps"). */
export class Maps {
  #rows;
  #steps = 0;
  #terms = new Map(); // by row
  /** The strongest pull of all terms. */
  peak = 0;

  /** @param {object[]} rows of the run */
  constructor(rows) {
    this.#rows = rows;
  }

  /** Takes in a step's. */
  add({ width, height, terms }) {
    if (!terms.length) return;
    Object.assign(this, { width, height, peak: 0 });
    this.#steps++;
    for (const { row, pull, pixels } of terms) {
      const term = this.#terms.get(row) ?? { sum: new Float32Array(pull.length) };
      pull.forEach((v, i) => (term.sum[i] += v));
      term.pixels = pixels || term.pixels;
      this.#terms.set(row, term);
    }
    for (const { sum } of this.#terms.values()) this.peak = Math.max(this.peak, Math.max(...sum) / this.#steps);
  }

  /**
   * @param {import("./expression.js").Card} card
   * @returns {{pull: Float32Array, pixels?: ImageData}|undefined} pull: the mean of the steps, of a group the strongest of its terms
   */
  of({ kind, text, place }) {
    const single = kind === "term";
    const near = (row) => row.place?.x === place?.x && row.place?.y === place?.y;
    let rows = [...this.#terms.keys()].filter((i) => (single ? this.#rows[i].text === text : text.includes(this.#rows[i].text)));
    if (single && rows[1]) rows = rows.filter((i) => near(this.#rows[i])).slice(0, 1);
    const [first, ...others] = rows.map((i) => this.#terms.get(i));
    return first && { pull: first.sum.map((v, i) => Math.max(v, ...others.map(({ sum }) => sum[i])) / this.#steps), pixels: single ? first.pixels : undefined };
  }
}

let scale;

/** 256 colours, RGBA, from no pull to the strongest, in even steps of perceived lightness. */
export function colours() {
  if (scale) return scale;
  const context = new OffscreenCanvas(256, 1).getContext("2d");
  for (let i = 0; i < 256; i++) {
    const t = i / 255;
    context.fillStyle = `oklch(${0.2 + 0.75 * t} ${0.1 + 0.1 * Math.sin(Math.PI * t)} ${290 + 170 * t})`; // as in maps.css
    context.fillRect(i, 0, 1, 1);
  }
  return (scale = context.getImageData(0, 0, 256, 1).data);
}

/** Of a part of the strongest, 0 to 255: by its root, so that what is weak shows. */
const shade = (pull, peak) => Math.round(255 * Math.sqrt(pull / (peak || 1)));

/** A map in colours; opaque, or the less so the weaker. @returns {ImageData} */
export function heat(pull, { width, height, peak }, opaque) {
  const image = new ImageData(width, height);
  pull.forEach((v, i) => {
    const at = shade(v, peak);
    image.data.set(colours().subarray(4 * at, 4 * at + 4), 4 * i);
    if (!opaque) image.data[4 * i + 3] = 0.9 * at;
  });
  return image;
}

/** A preview as far as its concept pulls: late in a run, what is elsewhere is the others'. @returns {ImageData} */
export function seen(pull, { data, width }) {
  const image = new ImageData(data.slice(), width);
  const peak = Math.max(...pull);
  pull.forEach((v, i) => (image.data[4 * i + 3] = shade(v, peak)));
  return image;
}
