/**
 * The models in this browser's storage, kept by a worker (library-worker.js) that is started when first asked.
 * @typedef {{id: string, name: string, profile: string, bytes: number, stored: number}} Entry  id is the SHA-256 of its manifest;
 *   bytes of its shards in all, and of those that are stored
 */
export class Library {
  #worker;
  #waiting = new Map(); // by id: {resolve, reject, report}
  #lastId = 0;

  /** @returns {Promise<{models: Entry[], stray: number, refused: string}>} stray: bytes of shards that no model lists */
  list() {
    return this.#ask({ type: "list" });
  }

  /** Keeps a manifest. @returns {Promise<Entry>} */
  keep(manifest) {
    return this.#ask({ type: "keep", manifest });
  }

  /** @returns {Promise<ArrayBuffer|undefined>} the manifest of a model */
  manifest(id) {
    return this.#ask({ type: "manifest", model: id });
  }

  /**
   * Adds a packed model from files: its manifest.json and the shards that this lists.
   * @param {File[]} files
   * @param {(how: {loaded: number, total: number}) => void} report bytes
   * @returns {Promise<Entry>}
   */
  add(files, report) {
    return this.#ask({ type: "add", files }, report);
  }

  /** Deletes a model, and shards that no other lists. */
  remove(id) {
    return this.#ask({ type: "remove", model: id });
  }

  #ask(message, report = () => {}) {
    this.#worker ??= this.#start();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, report });
      this.#worker.postMessage({ id, ...message });
    });
  }

  #start() {
    const worker = new Worker(new URL("../library-worker.js", import.meta.url), { type: "module", name: "counterpoint library" });
    worker.onmessage = ({ data: { id, result, error, progress } }) => {
      const waiting = this.#waiting.get(id);
      if (progress) return waiting.report(progress);
      this.#waiting.delete(id);
      if (error) waiting.reject(new Error(error));
      else waiting.resolve(result);
    };
    worker.onerror = (event) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(event.message || "the worker that keeps models did not start"));
      this.#waiting.clear();
      this.#worker = undefined;
    };
    return worker;
  }
}
