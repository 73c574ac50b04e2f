/** The most bytes of a picture that others began with, to be kept with each of them. */
const mostInput = 1 << 20;

/**
 * Pictures that were made, kept in the browser: IndexedDB, since a page, unlike a worker, can't write to the origin's private
 * file system everywhere.
 * @typedef {{id: number, blob: Blob, request: object, made: string, models?: object[], verdicts?: object[], inputs?: {image: Blob, mask_image?:
 *   ImageData}}} Kept  models: others that the prompt names
 */
export class Album {
  #database;
  #most;

  /** @param {number} most pictures; beyond that the oldest give way */
  constructor(most) {
    this.#most = most;
    this.#database = this.#open();
    this.#database.catch(() => {}); // told to whoever asks
  }

  #open() {
    const request = indexedDB.open("counterpoint", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("pictures", { keyPath: "id", autoIncrement: true });
    return outcome(request).then((database) => {
      database.onversionchange = () => database.close(); // it is to be deleted
      return database;
    });
  }

  async #store(mode) {
    return (await this.#database).transaction("pictures", mode).objectStore("pictures");
  }

  /** @returns {Promise<Kept[]>} the newest first */
  async all() {
    const kept = await outcome((await this.#store("readonly")).getAll());
    return kept.reverse();
  }

  /** @param {Omit<Kept, "id">[]} pictures */
  async add(pictures) {
    const store = await this.#store("readwrite");
    for (const { blob, request, made, models, verdicts, inputs } of pictures) {
      store.add({ blob, request, made, models, verdicts, inputs: inputs?.image.size <= mostInput ? inputs : undefined });
    }
    const ids = await outcome(store.getAllKeys());
    await Promise.all(ids.slice(0, Math.max(0, ids.length - this.#most)).map((id) => outcome(store.delete(id))));
  }

  /** @param {number} id */
  async remove(id) {
    await outcome((await this.#store("readwrite")).delete(id));
  }

  async clear() {
    await outcome((await this.#store("readwrite")).clear());
  }
}

/** @param {IDBRequest} request */
function outcome(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
