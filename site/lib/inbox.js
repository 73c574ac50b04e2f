/** Messages in the order they came, for one reader who awaits them. */
export class Inbox {
  #messages = [];
  #wake = () => {};
  #failure;

  push(message) {
    this.#messages.push(message);
    this.#wake();
  }

  /** No more will come: once all that came are read, next rejects. */
  fail(error) {
    this.#failure = error;
    this.#wake();
  }

  async next() {
    while (!this.#messages.length) {
      if (this.#failure) throw this.#failure;
      await new Promise((resolve) => (this.#wake = resolve));
    }
    return this.#messages.shift();
  }
}
