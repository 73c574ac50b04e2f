// Counterpoint in a page: the engine runs in a Web Worker, on the GPU where the browser has WebGPU, else on the CPU. See API.md.
//
//   const cp = await Counterpoint.from_pretrained("model/");
//   const { images, recipe } = await cp("a red cube AND a blue sphere", { seed: 7 });
//   image.src = URL.createObjectURL(images[0]);
import { CounterpointError } from "./lib/errors.js";
import { Helpers } from "./lib/helpers.js";
import { abortable } from "./lib/latest.js";
import { pixels } from "./lib/pixels.js";
import { program } from "./lib/program.js";
import { Session } from "./lib/session.js";
import { Shards } from "./lib/shards.js";

export { CounterpointError };

/** @import { Device, Event, Explained, Generate, Model, Options, Previews, ProgressEvent, Result } from "./types/protocol.js" */

const protocol = 1;

/** Makes instances functions, which do what their generate does. (Function itself compiles text, which policies forbid.) */
class Callable {
  constructor() {
    const call = (...all) => call.generate(...all);
    return Object.setPrototypeOf(call, new.target.prototype);
  }
}

/**
 * An open model on a device. It is a function too: `await cp(prompt, options)` is `await cp.generate(prompt, options)`. One request
 * for pictures is answered at a time; another meanwhile fails with code "busy", unless the first was aborted.
 */
export class Counterpoint extends Callable {
  #module;
  #manifest;
  #files = new Map(); // of each model, by its name; "" is the open one's
  #report;
  #session;
  #helpers;
  /** @type {Model} */
  model;
  /** @type {Device} what it runs on; another one after a GPU was lost */
  device;
  /** @type {Model[]} those beside it, by name, which prompts have for them (as) */
  models = [];

  /**
   * Opens a packed model.
   * @param {string|URL|undefined} url of its folder, with manifest.json and shards, relative to the page; with none, the
   *   shards are in storage
   * @param {object} [options]
   * @param {"auto"|"webgpu"|"cpu"|"wasm"} [options.device] auto, the default: a GPU that passes a self-test, else the CPU; wasm
   *   is another name of cpu
   * @param {(event: ProgressEvent) => void} [options.progress_callback]
   * @param {AbortSignal} [options.signal] stops it; then it rejects with the signal's reason
   * @param {ArrayBuffer} [options.manifest] manifest.json, which then is not fetched
   * @param {(manifest: ArrayBuffer) => void|Promise<void>} [options.before_shards] waited for before the first shard, when the
   *   device has passed its self-test
   * @param {Record<string, string|URL>} [options.with] models to open beside it, by name, as the method with does
   * @returns {Promise<Counterpoint & Generate>}
   * @throws {CounterpointError} or the signal's reason
   */
  static async from_pretrained(url, { device = "auto", progress_callback = () => {}, before_shards, signal, manifest, with: beside = {} } = {}) {
    const base = url && new URL(url, document.baseURI);
    const [bytes, module] = await abortable(signal, Promise.all([manifest ?? fetchManifest(signal, base), program()]));
    const opened = new Counterpoint(module, base, bytes, progress_callback, before_shards);
    try {
      const { head } = await opened.#open(signal, opened.#session, device === "wasm" ? "cpu" : device);
      Object.assign(opened, { model: head.model, device: head.device });
      for (const [name, at] of Object.entries(beside)) await opened.with(name, at, { signal });
      return opened;
    } catch (error) {
      opened.dispose();
      throw error;
    }
  }

  /** @private use from_pretrained */
  constructor(module, base, manifest, report, allow) {
    super();
    this.#module = module;
    this.#manifest = manifest;
    this.#report = report;
    this.#files.set("", this.#filesOf(base, manifest, allow));
    this.#session = this.#start("counterpoint engine");
    this.#helpers = new Helpers(this.#session, (signal) => this.#help(signal));
  }

  /** Starts an engine. */
  #start(name) {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name });
    worker.postMessage(this.#module);
    return new Session(worker);
  }

  /** Where a model's files are had from. */
  #filesOf(base, manifest, allow = () => {}, model = undefined) {
    const shards = new Shards(base, JSON.parse(new TextDecoder().decode(manifest)).shards, () => this.#tell(shards.tally, model));
    return { shards, allowed: once(() => allow(manifest)) };
  }

  /** Opens the model in an engine. */
  async #open(signal, session, device) {
    let last;
    for await (last of this.#converse(signal, session, "open", { protocol, device }, [this.#manifest.slice()]));
    return last;
  }

  /** Starts a helper. */
  async #help(signal) {
    const session = this.#start("counterpoint helper");
    try {
      await this.#open(signal, session, "cpu");
      return session;
    } catch (error) {
      session.end(error);
      throw error;
    }
  }

  /**
   * Opens another model beside this one. Terms that begin with its name, "objects: a red cube", are scored by it. The two have to
   * share the autoencoder and the noise levels, else it fails with code "mismatch" before weights are loaded.
   * @param {string} name lower-case letters, digits, "-" and "_", a letter first; another model of that name gives way
   * @param {string|URL|undefined} url of its folder; with none, its shards are in storage
   * @param {object} [options]
   * @param {AbortSignal} [options.signal]
   * @param {ArrayBuffer} [options.manifest] manifest.json, which then is not fetched
   * @param {(manifest: ArrayBuffer) => void|Promise<void>} [options.before_shards] waited for before its first shard
   * @returns {Promise<Model>}
   * @throws {CounterpointError} or the signal's reason
   */
  async with(name, url, { signal, manifest, before_shards } = {}) {
    const base = url && new URL(url, document.baseURI);
    const bytes = manifest ?? await fetchManifest(signal, base);
    const before = this.#files.get(name);
    let done = this.#filesOf(base, bytes, before_shards, name);
    this.#files.set(name, done);
    try {
      await this.#name(signal, name, [bytes.slice()]);
      done = before;
    } catch (error) {
      this.#files.set(name, before); // which it still has where nothing was begun
      for await (const { head } of this.#session.request(undefined, "info", {})) this.models = head.models;
      throw error;
    } finally {
      done?.shards.dispose();
    }
    return this.models.find(({ as }) => as === name);
  }

  /**
   * Takes a name away, and frees its model unless that has another one.
   * @param {string} name
   * @throws {CounterpointError}
   */
  async without(name) {
    await this.#name(undefined, name);
    this.#files.get(name)?.shards.dispose();
    this.#files.delete(name);
  }

  async #name(signal, name, frames) {
    for await (const { head } of this.#converse(signal, this.#session, "with", { name }, frames)) this.models = head.models ?? this.models;
  }

  /**
   * Makes pictures.
   * @param {string} prompt
   * @param {Options} [options]
   * @returns {Promise<Result>}
   * @throws {CounterpointError} or the signal's reason
   */
  async generate(prompt, options) {
    const images = [];
    for await (const event of this.stream(prompt, options)) {
      if (event.type === "picture") images.push(event.blob);
      if (event.type === "done") return { images, seed: event.request.seed, recipe: event.request, warnings: event.warnings };
    }
  }

  /**
   * Makes pictures, and tells of each step. Leaving the loop, or aborting the signal, stops it within a step; what is loaded
   * stays. Of a preview, pixels is ready to be drawn; of a picture, blob is a PNG file with its recipe inside.
   * @param {string} prompt
   * @param {Options & Previews} [options]
   * @returns {AsyncGenerator<Event, void, void>}
   * @throws {CounterpointError} or the signal's reason
   */
  async *stream(prompt, { signal, keep, preview_every = 0, maps_every = 0, image, mask_image, ...fields } = {}) {
    const request = { prompt, ...fields };
    const { sizes, frames } = await pixels({ image, mask_image });
    const peers = await this.#hire(signal, request);
    const asked = { request, preview_every, maps_every, peers, ...sizes };
    for await (const { head, frames: [bytes, more] } of this.#converse(signal, this.#session, "generate", asked, frames, keep)) {
      if (head.type === "preview") head.pixels = new ImageData(new Uint8ClampedArray(bytes.buffer), head.width, head.height);
      if (head.type === "maps") head.terms = terms(head, bytes, more);
      if (head.type === "picture") head.blob = new Blob([bytes], { type: "image/png" });
      yield head;
    }
  }

  /** Starts as many helpers as the request has use for and the machine cores, on the CPU; returns how many. They know no other model. */
  async #hire(signal, { prompt, ...fields }) {
    if (this.device.name !== "cpu") return 0;
    const { rows, tree } = await this.explain(prompt, { signal, ...fields });
    const count = names(tree) ? 0 : await this.#helpers.ready(signal, Math.max(0, Math.min(rows.length, navigator.hardwareConcurrency) - 1));
    this.device.helpers = count;
    return count;
  }

  /**
   * Says what a prompt means. Computes nothing, so it is answered while pictures are made, too.
   * @param {string} prompt
   * @param {Options} [options] as stream's; of pictures nothing is read, evaluations are those of strength
   * @returns {Promise<Explained>}
   * @throws {CounterpointError} or the signal's reason
   */
  async explain(prompt, { signal, image, mask_image, ...fields } = {}) {
    for await (const { head } of this.#session.request(signal, "explain", { request: { prompt, ...fields } })) return head;
  }

  /** Frees everything: workers, memory, the device. What is under way, and all that is asked later, fails with code "closed". */
  dispose() {
    const error = { code: "closed", message: "the model is closed" };
    this.#helpers.end(error);
    this.#session.end(error);
    for (const files of this.#files.values()) files?.shards.dispose();
  }

  /** A request to an engine, with the files that it asks for along the way; yields the other messages. */
  async *#converse(signal, session, type, fields, frames, keep) {
    for await (const message of session.request(signal, type, fields, frames, keep)) {
      const { head } = message;
      if (head.type === "need") {
        await this.#provide(signal, session, head);
        continue;
      }
      if (head.type === "device" && session === this.#session) {
        this.device = head.device;
        this.#report({ status: "device", device: head.device });
      }
      if (head.type === "lost") this.#report({ status: "lost", step: head.step });
      yield message;
    }
  }

  async #provide(signal, session, need) {
    const { id, name, model = "" } = need;
    const { shards, allowed } = this.#files.get(model);
    await abortable(signal, allowed());
    try {
      const data = await shards.get(signal, need);
      session.send({ type: "shard", id, name }, [data]);
    } catch (error) {
      signal?.throwIfAborted();
      session.send({ type: "shard", id, name, error: error.message });
    }
  }

  #tell(tally, model) {
    const { network, storage, total } = tally;
    const loaded = Math.min(network + storage, total);
    this.#report({ status: "progress_total", model, progress: 100 * loaded / total, loaded, ...tally });
  }
}

/** Whether a prompt names another model. */
const names = ({ model, operands = [] }) => Boolean(model) || operands.some(names);

/** The maps of each term, from the frames of all. */
function terms({ rows, width, height }, pulls, previews) {
  const cells = width * height;
  return rows.map((row, i) => {
    const rgba = previews && new Uint8ClampedArray(previews.buffer, 4 * cells * i, 4 * cells);
    return { row, pull: new Float32Array(pulls.buffer, 4 * cells * i, cells), pixels: rgba?.[3] && new ImageData(rgba, width, height) };
  });
}

function once(run) {
  let outcome;
  return () => (outcome ??= Promise.resolve(run()));
}

async function fetchManifest(signal, base) {
  const response = await fetch(new URL("manifest.json", base), { signal }).catch((error) => {
    signal?.throwIfAborted();
    throw new CounterpointError({ code: "network", message: `the model could not be loaded: ${error.message}` });
  });
  if (!response.ok) throw new CounterpointError({ code: "network", message: `the model could not be loaded: status ${response.status}` });
  return response.arrayBuffer();
}
