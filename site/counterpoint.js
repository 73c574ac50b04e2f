// Counterpoint in a page: the engine runs in a Web Worker, on the GPU where the browser has WebGPU, else on the CPU.
//
//   const cp = await Counterpoint.from_pretrained("model/");
//   for await (const event of cp.stream("a red cube AND a blue sphere", { seed: 7 })) {
//     if (event.type === "picture") image.src = URL.createObjectURL(event.blob);
//   }
import { CounterpointError } from "./lib/errors.js";
import { Helpers } from "./lib/helpers.js";
import { abortable } from "./lib/latest.js";
import { pixels } from "./lib/pixels.js";
import { program } from "./lib/program.js";
import { Session } from "./lib/session.js";
import { Shards } from "./lib/shards.js";

export { CounterpointError };

const protocol = 1;

/** An open model on a device. One picture is made at a time. */
export class Counterpoint {
  #module;
  #manifest;
  #shards;
  #report;
  #allowed;
  #session;
  #helpers;
  /** The engine's description of the model (PROTOCOL.md, section 4). */
  model;
  /** Its description of the device; on the CPU also helpers: how many workers took part in the last picture. */
  device;

  /**
   * Opens a packed model.
   * @param {string|URL|undefined} url of its folder, with manifest.json and shards; with none, the shards are in storage
   * @param {{device?: "auto"|"webgpu"|"cpu", progress_callback?: (event: object) => void, signal?: AbortSignal,
   *   manifest?: ArrayBuffer, before_shards?: (manifest: ArrayBuffer) => Promise<void>}} [options] manifest: then none is
   *   fetched; before_shards is waited for before the first shard, when the device has passed its self-test;
   *   progress_callback gets {status: "device", device} when one is opened, {status: "lost", step} when it is gone and will be
   *   opened again, and {status: "progress_total", loaded, total, network, storage, kept, mended, refused}: bytes of shards,
   *   from network and storage, and why they are not kept for the next visit
   * @returns {Promise<Counterpoint>}
   * @throws {CounterpointError} or the signal's reason
   */
  static async from_pretrained(url, { device = "auto", progress_callback = () => {}, before_shards, signal, manifest } = {}) {
    const base = url && new URL(url, document.baseURI);
    const [bytes, module] = await Promise.all([manifest ?? fetchManifest(signal, base), program()]);
    signal?.throwIfAborted();
    const opened = new Counterpoint(module, base, bytes, progress_callback, before_shards);
    try {
      const { head } = await opened.#open(signal, opened.#session, device);
      return Object.assign(opened, { model: head.model, device: head.device });
    } catch (error) {
      opened.dispose();
      throw error;
    }
  }

  constructor(module, base, manifest, report, allow = () => {}) {
    this.#module = module;
    this.#manifest = manifest;
    this.#report = report;
    this.#allowed = once(() => allow(manifest));
    this.#shards = new Shards(base, JSON.parse(new TextDecoder().decode(manifest)).shards, () => this.#tell());
    this.#session = this.#start("counterpoint engine");
    this.#helpers = new Helpers(this.#session, (signal) => this.#help(signal));
  }

  /** Starts an engine. */
  #start(name) {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name });
    worker.postMessage(this.#module);
    return new Session(worker);
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
   * Makes pictures. Leaving the loop, or aborting the signal, stops it within a step; what is loaded stays.
   * @param {string} prompt
   * @param {object} [options] the request's fields (PROTOCOL.md, section 4), signal, preview_every: steps, 0 for none, and
   *   image, to begin with, and mask_image, white where it is made anew: Blob, ImageBitmap, ImageData, canvas or the like
   * @yields {{type: "event"|"preview"|"picture"|"lost"|"done"}} the engine's message of that type; a preview has pixels: ImageData,
   *   a picture blob: the PNG with its recipe inside
   * @throws {CounterpointError} or the signal's reason
   */
  async *stream(prompt, { signal, preview_every = 0, image, mask_image, ...fields } = {}) {
    const request = { prompt, ...fields };
    const { sizes, frames } = await pixels({ image, mask_image });
    const peers = await this.#hire(signal, request);
    const asked = { request, preview_every, peers, ...sizes };
    for await (const { head, frames: [bytes] } of this.#converse(signal, this.#session, "generate", asked, frames)) {
      if (head.type === "preview") head.pixels = new ImageData(new Uint8ClampedArray(bytes.buffer), head.width, head.height);
      if (head.type === "picture") head.blob = new Blob([bytes], { type: "image/png" });
      yield head;
    }
  }

  /** Starts as many helpers as the request has use for and the machine cores, on the CPU; returns how many. */
  async #hire(signal, { prompt, ...fields }) {
    if (this.device.name !== "cpu") return 0;
    const { rows } = await this.explain(prompt, { signal, ...fields });
    const count = await this.#helpers.ready(signal, Math.max(0, Math.min(rows.length, navigator.hardwareConcurrency) - 1));
    this.device.helpers = count;
    return count;
  }

  /**
   * Says what a prompt means: rows, coefficients, evaluations, warnings (PROTOCOL.md, "explained").
   * @param {string} prompt
   * @param {object} [options] as stream's; of pictures nothing is read, evaluations are those of strength
   * @throws {CounterpointError}
   */
  async explain(prompt, { signal, image, mask_image, ...fields } = {}) {
    for await (const { head } of this.#session.request(signal, "explain", { request: { prompt, ...fields } })) return head;
  }

  /** Frees everything. */
  dispose() {
    const error = { code: "closed", message: "the model is closed" };
    this.#helpers.end(error);
    this.#session.end(error);
    this.#shards.dispose();
  }

  /** A request to an engine, with the files that it asks for along the way; yields the other messages. */
  async *#converse(signal, session, type, fields, frames) {
    for await (const message of session.request(signal, type, fields, frames)) {
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
    const { id, name } = need;
    await abortable(signal, this.#allowed());
    try {
      const data = await this.#shards.get(signal, need);
      session.send({ type: "shard", id, name }, [data]);
    } catch (error) {
      signal?.throwIfAborted();
      session.send({ type: "shard", id, name, error: error.message });
    }
  }

  #tell() {
    const { network, storage, total } = this.#shards.tally;
    this.#report({ status: "progress_total", loaded: Math.min(network + storage, total), ...this.#shards.tally });
  }
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
