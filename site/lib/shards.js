/**
 * A packed model's shards, got from storage or network by a worker of their own.
 */
export class Shards {
  #worker = new Worker(new URL("../shards-worker.js", import.meta.url), { type: "module", name: "counterpoint shards" });
  #waiting = new Map(); // by id: {resolve, reject, name, network, begun}
  #ahead = new Map(); // by name: the promise of one that will be asked for next
  #lastId = 0;
  #base;
  #list;
  #report;
  #seen = new Set(); // names of those that came

  /**
   * Bytes, what came from where so far and what of it is kept. refused: why that is not all; mended: stored files that were
   * damaged.
   */
  tally = { total: 0, network: 0, storage: 0, kept: 0, mended: 0, refused: "" };

  /**
   * @param {URL} [base] of the model's files; without it they come from storage alone
   * @param {{sha256: string, compression: string, bytes: number}[]} list the manifest's
   * @param {() => void} report called when the tally has changed
   */
  constructor(base, list, report) {
    this.#base = base;
    this.#list = list.map(({ sha256, compression, bytes }) => ({ name: `${sha256}.${compression}`, sha256, bytes }));
    this.#report = report;
    this.tally.total = list.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(event.message || "the worker that loads it did not start"));
    };
  }

  /**
   * Gets a shard, and meanwhile begins to get the one after it.
   * @param {AbortSignal} [signal]
   * @param {{name: string, bytes: number, sha256: string, fault?: string}} need the engine's
   * @returns {Promise<Uint8Array>}
   */
  get(signal, { name, bytes, sha256, fault }) {
    const begun = fault ? undefined : this.#ahead.get(name);
    this.#ahead.delete(name);
    const asked = begun ?? this.#fetch(signal, { name, bytes, sha256 }, Boolean(fault));
    const next = this.#list[this.#list.findIndex((each) => each.name === name) + 1];
    if (next && !this.#ahead.size) {
      const early = this.#fetch(signal, next, false);
      this.#ahead.set(next.name, early);
      early.catch(() => this.#ahead.delete(next.name)); // whoever asks for it tries again
    }
    return asked;
  }

  dispose() {
    this.#worker.terminate();
  }

  #fetch(signal, shard, fresh) {
    const id = ++this.#lastId;
    const url = this.#base && new URL(shard.name, this.#base).href;
    const answer = new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.#waiting.set(id, { resolve, reject, name: shard.name, network: 0, begun: 0 });
      this.#worker.postMessage({ id, url, fresh, ...shard });
    });
    const cancel = () => {
      this.#worker.postMessage({ id, cancel: true });
      this.#waiting.get(id)?.reject(signal.reason);
    };
    signal?.addEventListener("abort", cancel);
    return answer.finally(() => {
      signal?.removeEventListener("abort", cancel);
      this.#waiting.delete(id);
    });
  }

  #receive({ id, loaded, begun, data, error, from, kept, mended, refused }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (error) return waiting.reject(new Error(error));
    if (data) {
      if (from === "storage" && !this.#seen.has(waiting.name)) this.tally.storage += data.length;
      if (kept && !this.#seen.has(waiting.name)) this.tally.kept += data.length;
      this.#seen.add(waiting.name);
      if (mended) this.tally.mended++;
      this.tally.refused = refused;
      waiting.resolve(data);
    } else {
      this.tally.network += loaded - begun - waiting.network;
      this.tally.storage += begun - waiting.begun;
      Object.assign(waiting, { network: loaded - begun, begun });
    }
    this.#report();
  }
}
