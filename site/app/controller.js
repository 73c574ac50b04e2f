import { Counterpoint } from "../counterpoint.js";
import { abortable, Latest } from "../lib/latest.js";
import { Alert } from "./alert.js";
import { byId } from "./element.js";
import { wayOn } from "./failures.js";
import { examples, options, previewEvery } from "./options.js";
import { expect, Pace } from "./pace.js";
import { Picture } from "./picture.js";
import { Progress } from "./progress.js";
import { Prompt } from "./prompt.js";
import { Settings } from "./settings.js";
import { text } from "./strings.js";

/** The one that knows all parts of the page, and the engine. */
export class Controller {
  #prompt = new Prompt(examples);
  #settings = new Settings(options);
  #progress = new Progress();
  #picture = new Picture();
  #alert = new Alert();
  #making = new Latest();
  #device;
  #engine = Promise.resolve(); // a Counterpoint, once open

  /** @param {string} device "auto", "webgpu" or "cpu" */
  constructor(device) {
    this.#device = device;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.generate();
    });
    byId("cancel").addEventListener("click", () => this.#making.abort());
    addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("composer").requestSubmit();
      if (event.key === "Escape") this.#making.abort();
    });
  }

  /** Opens the model, in place of one that is open. */
  async open() {
    this.#engine = this.#reopen(this.#engine);
    try {
      const { model } = await this.#engine;
      this.#settings.setDefaults(model.defaults);
      byId("model").textContent = text.model(model);
      this.#progress.end(text.ready);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #reopen(before) {
    this.#progress.tell("starting", text.starting);
    const old = await before.catch(() => {});
    old?.dispose();
    return Counterpoint.from_pretrained("model/", { device: this.#device, progress_callback: (event) => this.#loading(event) });
  }

  #loading(event) {
    if (event.status === "device") {
      this.#tellDevice(event.device);
    } else {
      this.#progress.tell("loading", text.loading(event), { fraction: event.loaded / event.total });
      byId("loaded").textContent = text.loaded(event);
    }
  }

  #tellDevice(device, evaluations) {
    byId("device").textContent = text.device(device, evaluations && expect(device, evaluations));
  }

  /** Makes a picture, in place of the one that is being made. */
  generate() {
    return this.#making.run(async (signal) => {
      this.#alert.clear();
      this.#prompt.unmark();
      this.#settings.mark();
      byId("cancel").disabled = false;
      try {
        await this.#make(signal, await abortable(signal, this.#engine));
      } catch (error) {
        this.#picture.restore();
        if (signal.aborted) this.#progress.end(text.cancelled);
        else this.#fail(error, () => this.generate());
      } finally {
        if (document.activeElement === byId("cancel")) byId("generate").focus(); // a disabled button would lose it
        byId("cancel").disabled = true;
      }
    });
  }

  async #make(signal, engine) {
    const prompt = this.#prompt.text;
    const settings = this.#settings.values;
    const { evaluations } = await engine.explain(prompt, settings);
    this.#progress.tell("reading", text.reading);
    const pace = new Pace();
    let picture;
    for await (const event of engine.stream(prompt, { signal, preview_every: previewEvery, ...settings })) {
      switch (event.type) {
        case "event":
          pace.note(event);
          if (event.phase === "encoding") this.#tellDevice(engine.device, evaluations);
          else this.#step(event);
          break;
        case "preview":
          this.#picture.preview(event.pixels);
          break;
        case "picture":
          picture = event;
          break;
        case "done":
          pace.remember(engine.device, evaluations);
          this.#tellDevice(engine.device, evaluations);
          await this.#finish(prompt, picture, event);
      }
    }
  }

  #step(event) {
    const { phase, step, steps, elapsed, left } = event;
    const fraction = left === undefined ? step / steps : elapsed / (elapsed + left);
    if (phase === "decoding" || step === steps) return this.#progress.tell("decoding", text.decoding, { fraction });
    const known = left === undefined ? "composing" : "composing, with an estimate"; // which is news
    this.#progress.tell(known, text.step(event), { fraction, count: `${step} / ${steps}` });
  }

  async #finish(prompt, picture, done) {
    await this.#picture.finish(picture.blob, {
      name: `counterpoint-${picture.seed}.png`, prompt, made: text.made(done), notes: done.warnings.map(text.warning),
    });
    this.#progress.end(text.done(done));
    navigator.storage?.persist?.(); // asked only now that it has been of use
  }

  /** @param {() => void} [then] what was under way, to be done again once the model is open */
  #fail(error, then) {
    const reopen = async () => {
      await this.open();
      then?.();
    };
    const way = wayOn(error, {
      open: reopen,
      generate: () => this.generate(),
      onCPU: () => {
        this.#device = "cpu";
        reopen();
      },
      reload: () => location.reload(),
    });
    this.#progress.end(way ? text.failed : text.ready);
    this.#alert.show(text.error(error), error.hint, way);
    if (!error.code) reportError(error); // a fault of the page's own, for the console
    if (error.column) this.#prompt.mark(error.column, error.length);
    if (error.field) this.#settings.mark(error.field);
  }
}
