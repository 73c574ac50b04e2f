import { abortable, Latest } from "../lib/latest.js";
import { wantsPictures } from "../lib/request.js";
import { Shell } from "../lib/shell.js";
import { Alert } from "./alert.js";
import { Board } from "./board.js";
import { Cards } from "./cards.js";
import { Composition } from "./composition.js";
import { loadDraft, saveDraft } from "./draft.js";
import { byId } from "./element.js";
import { wayOn } from "./failures.js";
import { Gallery } from "./gallery.js";
import { History } from "./history.js";
import { listenToKeys } from "./keys.js";
import { Models } from "./models.js";
import { examples, options, randomSeed } from "./options.js";
import { expect } from "./pace.js";
import { Picture } from "./picture.js";
import { Progress } from "./progress.js";
import { Prompt } from "./prompt.js";
import { Pulls } from "./pulls.js";
import { Recipe } from "./recipe.js";
import { Restore } from "./restore.js";
import { make, makeGrid } from "./run.js";
import { Settings } from "./settings.js";
import { Share } from "./share.js";
import { Start } from "./start.js";
import { Storage } from "./storage.js";
import { text } from "./strings.js";
import { Suggest } from "./suggest.js";
import { Sweep } from "./sweep.js";
import { Update } from "./update.js";
import { Verdicts } from "./verdicts.js";
import { Words } from "./words.js";

/** The one that knows all parts of the page, and the engine. */
export class Controller {
  #recipe = new Recipe(loadDraft(examples[0]));
  #composition = new Composition(this.#recipe);
  #prompt = new Prompt(this.#recipe, this.#composition, examples);
  #settings = new Settings(this.#recipe, options);
  #progress = new Progress();
  #picture = new Picture();
  #board = new Board(this.#composition);
  #verdicts = new Verdicts(this.#composition);
  #gallery = new Gallery(this.#picture, (made) => {
    this.#board.of({ prompt: made.request.prompt, rows: [], places: [], ...made });
    this.#verdicts.of(made.verdicts);
    this.#pulls.of(made.maps);
  });
  #start = new Start(this.#recipe, async (blob) => await this.#begin(blob) || this.#alert.show(text.start.failed));
  #history = new History((kept) => this.#use({ ...kept, unknown: [] }));
  #alert = new Alert();
  #making = new Latest();
  #shell = new Shell();
  #models = new Models();
  #pulls;
  #storage;
  #device;
  #model;
  #named = []; // models beside it
  #refused; // why it is not kept
  #engine = Promise.resolve(); // a Counterpoint, once open

  /** @param {string} device "auto", "webgpu" or "cpu" */
  constructor(device) {
    this.#device = device;
    this.#arrange();
    new Update(this.#shell);
    this.#storage = new Storage(this.#models, this.#shell, { reopen: () => this.open(), close: () => this.#close(), beside: (change) => this.#beside(change) });
    const share = new Share(this.#picture, (message) => this.#progress.say(message));
    const restore = new Restore((found) => this.#use(found), (blob) => this.#begin(blob), (error) => this.#alert.show(text.restore.failed(error)));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.generate();
    });
    byId("another").addEventListener("click", () => this.#another());
    byId("start-from").addEventListener("click", () => this.#begin(this.#picture.made.blob));
    byId("cancel").addEventListener("click", () => this.#making.abort());
    listenToKeys({
      generate: () => byId("composer").requestSubmit(),
      another: () => this.#another(),
      cancel: () => this.#making.abort(),
      keep: () => byId("keep").click(),
      save: () => share.save(),
      undo: () => this.#recipe.undo(),
      redo: () => this.#recipe.redo(),
    });
    restore.link();
  }

  /** Makes the parts that are views of the recipe alone. */
  #arrange() {
    const suggest = (field) => new Suggest(field, text.suggestions, () => [...new Set([this.#model, ...this.#named].flatMap((each) => each?.vocabulary ?? []))]);
    suggest(byId("prompt"));
    new Cards(this.#composition, {
      suggest,
      place: (i) => this.#board.place(i),
      region: (i) => this.#board.region(i),
      drag: (i, event) => this.#board.drag(i, event),
    });
    this.#pulls = new Pulls(this.#composition);
    new Words(this.#recipe, this.#composition);
    new Sweep(this.#recipe, this.#composition, (grid) => this.#run((signal, engine) => this.#makeGrid(signal, engine, grid)));
    this.#recipe.subscribe(() => {
      saveDraft(this.#recipe.state);
      this.#shape();
    });
  }

  #shape() {
    this.#picture.shape(this.#settings.value("width") ?? 1, this.#settings.value("height") ?? 1);
  }

  /** Opens the model, in place of one that is open. */
  async open() {
    this.#composition.use(undefined);
    this.#engine = this.#reopen(this.#engine);
    try {
      const engine = await this.#engine;
      this.#model = engine.model;
      this.#settings.use(engine.model);
      this.#start.use(engine.model);
      this.#shape();
      this.#know(engine);
      this.#progress.end(this.#refused ? text.readyOnce(this.#refused) : text.ready);
      this.#storage.show();
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error); // else another is opened in its place
    }
  }

  async #reopen(before) {
    this.#progress.tell("starting", text.starting);
    this.#models.cancel();
    const old = await before.catch(() => {});
    old?.dispose();
    await this.#shell.ready;
    const options = { device: this.#device, progress_callback: (event) => this.#loading(event) };
    return this.#models.open(options, (message) => this.#progress.end(message), (message, hint) => this.#alert.show(message, hint));
  }

  /** Changes which models are open beside the one that is. @param {(engine: object) => Promise<void>} change */
  async #beside(change) {
    const engine = await this.#engine;
    try {
      await change(engine);
    } finally {
      this.#progress.end(text.ready);
      this.#know(engine);
    }
  }

  /** Learns which models there are to compose with. */
  #know(engine) {
    this.#named = engine.models;
    this.#composition.use(engine);
    byId("model").textContent = [engine.model, ...engine.models].map(text.model).join("; ");
  }

  /** Ends all that runs. */
  async #close() {
    this.#making.abort();
    this.#models.cancel();
    (await this.#engine.catch(() => {}))?.dispose();
  }

  #loading(event) {
    if (event.status === "device") {
      this.#tellDevice(event.device);
    } else if (event.status === "lost") {
      this.#progress.tell("lost", text.lost(event));
    } else {
      this.#progress.tell("loading", text.loading(event), { fraction: event.loaded / event.total });
      if (event.model) return; // one beside it, which is here already
      byId("loaded").textContent = text.loaded(event);
      this.#refused = event.refused;
    }
  }

  #tellDevice(device, evaluations) {
    byId("device").textContent = text.device(device, evaluations && expect(device, evaluations));
  }

  /** Makes what the recipe says, in place of what is being made. */
  generate() {
    return this.#run((signal, engine) => this.#make(signal, engine));
  }

  /** Runs a job in place of what is being made. @param {(signal: AbortSignal, engine: object) => Promise<void>} job */
  #run(job) {
    return this.#making.run(async (signal) => {
      this.#alert.clear();
      this.#prompt.unmark();
      this.#settings.mark();
      byId("cancel").disabled = false;
      if (matchMedia("(max-width: 55.99rem)").matches) byId("frame").scrollIntoView({ block: "nearest" });
      try {
        await job(signal, await abortable(signal, this.#engine));
      } catch (error) {
        if (signal.aborted) this.#progress.end(text.cancelled);
        else this.#fail(error, () => this.#run(job));
      } finally {
        const [cancel, keep] = [byId("cancel"), byId("keep")];
        if ([cancel, keep].includes(document.activeElement)) byId("generate").focus(); // a disabled button would lose it
        cancel.disabled = keep.disabled = true;
      }
    });
  }

  /** The same with another seed. */
  #another() {
    this.#recipe.change({ request: { seed: randomSeed() } });
    byId("composer").requestSubmit();
  }

  async #make(signal, engine) {
    const keep = new AbortController();
    Object.assign(byId("keep"), { disabled: false, onclick: () => keep.abort() });
    const { pictures, done } = await make(signal, engine, this.#recipe, {
      progress: this.#progress, gallery: this.#gallery, pulls: this.#pulls, device: (evaluations) => this.#tellDevice(engine.device, evaluations),
      keep: keep.signal, inputs: this.#start.inputs,
    });
    this.#progress.end(text.done(done));
    await this.#history.add(pictures);
  }

  async #makeGrid(signal, engine, grid) {
    const { pictures, error } = await makeGrid(signal, engine, grid, {
      progress: this.#progress, gallery: this.#gallery, pulls: this.#pulls, inputs: this.#start.inputs,
    });
    await this.#history.add(pictures);
    if (error && !(signal.aborted && pictures.length)) throw error;
    this.#progress.end(text.grid.made(pictures.length, grid.cells.length));
  }

  /** Lets the next picture begin with another. @returns {Promise<boolean>} whether that can be */
  async #begin(blob) {
    const can = await this.#start.set(blob);
    if (!can) return false;
    this.#alert.clear();
    this.#progress.say(text.start.took);
    return true;
  }

  /** Takes over a recipe from elsewhere, and its picture where there is one. */
  async #use({ request, unknown, model, models = [], blob, made, verdicts, inputs }) {
    this.#alert.clear();
    const wants = wantsPictures(request);
    const missing = wants && !(inputs && await this.#start.set(inputs.image, inputs.mask_image));
    if (!wants) this.#start.clear();
    this.#recipe.restore(request);
    if (blob) {
      const notes = unknown.length ? [text.restore.unknown(unknown)] : [];
      if (model && this.#model && !this.#model.hash.startsWith(model.hash)) notes.push(text.restore.model(model));
      const open = ({ as, hash }) => this.#named.some((each) => each.as === as && each.hash.startsWith(hash));
      notes.push(...models.filter((each) => !open(each)).map(text.restore.named));
      if (!model && !made) notes.push(text.restore.other);
      if (missing) notes.push(text.restore.image);
      this.#gallery.show({ blob, url: URL.createObjectURL(blob), request, made: made ?? text.restore.from(request), notes, verdicts, inputs });
    }
    this.#progress.say(missing ? text.restore.image : blob && this.#model?.images ? text.start.or : text.restore.done);
  }

  /** @param {() => void} [then] what was under way, to be done again once the model is open */
  #fail(error, then) {
    const reopen = async () => {
      await this.open();
      then?.();
    };
    const way = wayOn(error, {
      open: reopen,
      generate: then ?? (() => this.generate()),
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
