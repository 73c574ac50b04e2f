import { decodeLink } from "../lib/link.js";
import { mostBytes, readRecipe } from "../lib/png.js";
import { byId } from "./element.js";
import { icon } from "./icons.js";
import { text } from "./strings.js";

/** Takes recipes from outside: a picture dropped, pasted or opened, and the page's address. */
export class Restore {
  #use;
  #begin;
  #fail;
  #file = byId("open-file");
  #veil = byId("drop-veil");

  /**
   * @param {(found: {request: object, unknown: string[], model?: object, blob?: Blob}) => void} use
   * @param {(file: Blob) => Promise<boolean>} begin takes a picture without a recipe to begin with; whether it is one
   * @param {(error: Error) => void} fail
   */
  constructor(use, begin, fail) {
    this.#use = use;
    this.#begin = begin;
    this.#fail = fail;
    byId("open-picture").prepend(icon("open"));
    byId("open-picture").addEventListener("click", () => this.#file.click());
    this.#file.addEventListener("change", () => {
      this.#read(this.#file.files[0]);
      this.#file.value = ""; // so that the same can be chosen again
    });
    addEventListener("dragover", (event) => this.#over(event));
    addEventListener("dragleave", (event) => event.relatedTarget || (this.#veil.hidden = true));
    addEventListener("drop", (event) => this.#drop(event));
    addEventListener("paste", (event) => {
      if (event.clipboardData.files.length) this.#read(event.clipboardData.files[0]);
    });
    addEventListener("hashchange", () => this.link());
  }

  /** Uses the recipe in the page's address, if there is one, and takes it out of there: what is composed now is another. */
  link() {
    try {
      const found = decodeLink(location.hash);
      if (!found) return;
      history.replaceState(null, "", location.pathname + location.search);
      this.#use(found);
    } catch (error) {
      this.#fail(error);
    }
  }

  #over(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.#veil.hidden = false;
  }

  #drop(event) {
    this.#veil.hidden = true;
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    this.#read(event.dataTransfer.files[0]);
  }

  async #read(file) {
    if (!file) return;
    try {
      if (file.size > mostBytes) throw new RangeError(text.restore.large);
      this.#use({ ...readRecipe(new Uint8Array(await file.arrayBuffer())), blob: file });
    } catch (error) {
      if (!await this.#begin(file)) this.#fail(error);
    }
  }
}
