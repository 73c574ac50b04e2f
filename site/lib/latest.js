/** Runs jobs one at a time: a new one stops the one before and waits until it has ended. */
export class Latest {
  #controller = new AbortController();
  #last = Promise.resolve();

  /** @param {(signal: AbortSignal) => Promise<void>} job */
  run(job) {
    this.abort();
    const { signal } = (this.#controller = new AbortController());
    const after = () => (signal.aborted ? undefined : job(signal));
    this.#last = this.#last.then(after, after);
    return this.#last;
  }

  abort() {
    this.#controller.abort();
  }
}

/** A promise's outcome, or the reason of the signal, if there is one, where that comes first. */
export function abortable(signal, promise) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
