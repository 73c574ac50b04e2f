/** Something whose changes others are told of. */
export class Observable {
  #listeners = new Set();

  /** @param {() => void} listener called after each change, and at once */
  subscribe(listener) {
    this.#listeners.add(listener);
    listener();
  }

  changed() {
    for (const listener of this.#listeners) listener();
  }
}
