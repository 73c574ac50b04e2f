import { Counterpoint } from "../counterpoint.js";
import { abortable } from "../lib/latest.js";
import { Library } from "../lib/library.js";
import { recall, remember } from "../lib/memory.js";
import { byId, element } from "./element.js";
import { text } from "./strings.js";

/** Which model is open, and a person's leave before one is downloaded. */
export class Models {
  library = new Library();
  #place = byId("offer");
  #leave = new AbortController();

  /** The open model's entry in the library; undefined where nothing can be kept. */
  entry;

  /** Makes a model the one that is opened, now and at later visits. @param {string} [id] none is the site's own */
  choose(id) {
    remember("model", id);
  }

  /** Asks no more for leave: what waits for it fails with an AbortError. */
  cancel() {
    this.#leave.abort();
    this.#place.replaceChildren();
  }

  /** Ids of the models that are opened beside it, now and at later visits, by their names in prompts. */
  get named() {
    try {
      return Object.entries(JSON.parse(recall("with")) ?? {});
    } catch {
      return []; // another version left it
    }
  }

  /** Opens a model beside the open one. @param {object} engine a Counterpoint  @param {string} as  @param {string} [id] none takes it out */
  async name(engine, as, id) {
    const manifest = id && await this.library.manifest(id);
    if (manifest) await engine.with(as, undefined, { manifest });
    else if (id) throw new Error(text.storage.gone);
    else await engine.without(as);
    remember("with", JSON.stringify({ ...Object.fromEntries(this.named), [as]: id }));
  }

  /**
   * Opens the chosen model, or the site's own, and those beside it.
   * @param {object} options Counterpoint's
   * @param {(message: string) => void} wait called when a person is asked for leave
   * @param {(message: string, hint?: string) => void} fail called of each that can't be opened beside it
   */
  async open(options, wait, fail) {
    this.#leave = new AbortController();
    const id = recall("model");
    const manifest = id ? await this.library.manifest(id).catch(() => {}) : undefined;
    let device;
    const engine = await Counterpoint.from_pretrained(manifest ? undefined : "model/", {
      ...options,
      manifest,
      before_shards: (bytes) => this.#before(bytes, Boolean(manifest), () => device, wait),
      progress_callback: (event) => {
        device = event.device ?? device;
        options.progress_callback(event);
      },
    });
    for (const [as, beside] of this.named) {
      await this.name(engine, as, beside).catch((error) => {
        if (error.code === "closed") throw error;
        fail(text.storage.unopened(as, error), error.hint);
      });
    }
    return engine;
  }

  async #before(manifest, own, device, wait) {
    this.entry = undefined;
    try {
      this.entry = await this.library.keep(manifest);
    } catch {
      // Nothing can be kept: then all of it is to be downloaded.
    }
    const { bytes, stored, name } = this.entry ?? described(manifest);
    if (own || stored === bytes || recall("download") === "always") return;
    wait(text.offer.waiting);
    await abortable(this.#leave.signal, this.#ask(name, bytes - stored, Boolean(this.entry), device()));
  }

  /** Resolves when the person begins the download. */
  #ask(name, bytes, kept, device) {
    return new Promise((resolve) => {
      const always = element("input", { type: "checkbox" });
      const begin = () => {
        if (always.checked) remember("download", "always");
        this.#place.replaceChildren();
        byId("generate").focus({ preventScroll: true });
        resolve();
      };
      this.#place.replaceChildren(
        element("div", {}, element("strong", {}, text.offer.what(name, bytes)), element("p", { className: "help" }, text.offer.device(device)),
          element("p", { className: "help" }, text.offer.where(kept))),
        element("div", { className: "row" }, element("button", { type: "button", className: "primary", onclick: begin }, text.offer.begin(bytes)),
          element("label", { className: "check" }, always, text.offer.always)),
      );
    });
  }
}

function described(manifest) {
  const { name, shards } = JSON.parse(new TextDecoder().decode(manifest));
  return { name, stored: 0, bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0) };
}
