import { CounterpointError } from "./errors.js";
import { Inbox } from "./inbox.js";

/** What ends each request, beside "error" and "cancelled". */
const ends = { open: "opened", with: "named", generate: "done", explain: "explained", info: "info", close: "closed" };

/** One side of the session protocol: requests over an engine in a worker, which is started already. */
export class Session {
  #worker;
  #inboxes = new Map();
  #lastId = 0;
  #ready = Promise.withResolvers();
  #dead;

  /** Called with each message between engines, {head, frames}, which is only to be relayed. */
  onpeer = () => {};

  /** Called with the error that ended the engine. */
  onend = () => {};

  /** @param {Worker} worker */
  constructor(worker) {
    this.#worker = worker;
    this.ready.catch(() => {}); // told to whoever asks
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.end({ code: "internal", message: event.message || "the engine's worker could not be started" });
    };
    worker.onmessageerror = () => this.end({ code: "internal", message: "a message of the engine could not be read" });
  }

  /** The engine's first message: its version, and which devices it has. */
  get ready() {
    return this.#ready.promise;
  }

  /**
   * Sends a request and yields the engine's messages about it, the one that ends it last. Aborting the signal stops the
   * request, and so does leaving the loop; both return when the engine has stopped.
   * @param {AbortSignal} [signal]
   * @param {string} type of the request
   * @param {object} fields
   * @param {(ArrayBuffer|Uint8Array)[]} [frames] which are transferred
   * @param {AbortSignal} [keep] aborting it ends a "generate" early, with the picture as it is then
   * @returns {AsyncGenerator<{head: object, frames: Uint8Array[]}>}
   * @throws {CounterpointError} or the signal's reason
   */
  async *request(signal, type, fields, frames, keep) {
    await this.ready;
    signal?.throwIfAborted();
    const id = ++this.#lastId;
    const inbox = new Inbox();
    if (this.#dead) inbox.fail(this.#dead);
    this.#inboxes.set(id, inbox);
    const cancel = () => this.send({ type: "cancel", id });
    signal?.addEventListener("abort", cancel);
    this.send({ type, id, ...fields }, frames);
    const stop = () => this.send({ type: "cancel", id, keep: true });
    if (keep?.aborted) stop();
    keep?.addEventListener("abort", stop);
    let open = true;
    const next = async () => {
      const message = await inbox.next().catch((error) => {
        open = false;
        throw error;
      });
      open = ![ends[type], "error", "cancelled"].includes(message.head.type);
      return message;
    };
    try {
      while (open) {
        const message = await next();
        if (message.head.type === "error") throw new CounterpointError(message.head);
        if (message.head.type === "cancelled") throw signal?.reason ?? new DOMException("cancelled", "AbortError");
        yield message;
      }
    } finally {
      signal?.removeEventListener("abort", cancel);
      keep?.removeEventListener("abort", stop);
      if (open) cancel();
      while (open) await next();
      this.#inboxes.delete(id);
    }
  }

  /** Sends a message that is no request. */
  send(head, frames = []) {
    this.relay({ head: JSON.stringify(head), frames });
  }

  /** Sends a message as it came from another engine. */
  relay({ head, frames = [] }) {
    this.#worker.postMessage({ head, frames }, frames.map((frame) => frame.buffer ?? frame));
  }

  #receive({ head: text, frames = [] }) {
    const head = JSON.parse(text);
    if (head.type === "ready") return this.#ready.resolve(head);
    const inbox = this.#inboxes.get(head.id);
    if (inbox) return inbox.push({ head, frames });
    if (head.peer !== undefined) return this.onpeer({ head: text, frames }, head);
    if (head.type === "error" && head.id === undefined) this.end(head);
  }

  /** Ends the worker; whoever waits for it gets the error. */
  end(error) {
    if (this.#dead) return;
    this.#dead = new CounterpointError(error);
    this.#worker.terminate();
    this.#ready.reject(this.#dead);
    for (const inbox of this.#inboxes.values()) inbox.fail(this.#dead);
    this.onend(this.#dead);
  }
}
