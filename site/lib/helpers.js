/**
 * More engines, each in a worker of its own, that evaluate rows for the first one: WebAssembly has one thread a worker. What
 * the engines tell each other is passed on unread (PROTOCOL.md, section 6).
 */
export class Helpers {
  #first;
  #start;
  #all = []; // {session, lastId} by number, undefined where one has died

  /**
   * @param {Session} first the engine that is helped
   * @param {(signal?: AbortSignal) => Promise<Session>} start starts an engine and opens the same model in it
   */
  constructor(first, start) {
    this.#first = first;
    this.#start = start;
    first.onpeer = (message, { id, peer }) => {
      const helper = this.#all[peer];
      if (!helper) return this.#lost(id, peer, "it is not running");
      helper.lastId = id;
      helper.session.relay(message);
    };
  }

  /**
   * Starts helpers until there are as many as wanted.
   * @returns {Promise<number>} how many there are of them; fewer where the browser refuses more
   */
  async ready(signal, wanted) {
    const numbers = Array.from({ length: wanted }, (_, peer) => peer);
    await Promise.allSettled(numbers.map((peer) => this.#all[peer] ?? this.#add(signal, peer)));
    signal?.throwIfAborted();
    const missing = numbers.findIndex((peer) => !this.#all[peer]);
    return missing < 0 ? wanted : missing;
  }

  async #add(signal, peer) {
    const session = await this.#start(signal);
    const helper = { session, lastId: 0 };
    session.onpeer = (message) => this.#first.relay(message);
    session.onend = ({ message }) => {
      if (this.#all[peer] !== helper) return;
      this.#all[peer] = undefined;
      this.#lost(helper.lastId, peer, message);
    };
    this.#all[peer] = helper;
  }

  #lost(id, peer, message) {
    this.#first.send({ type: "error", id, peer, code: "peer_lost", message });
  }

  end(error) {
    for (const helper of this.#all.splice(0)) helper?.session.end(error);
  }
}
