import { Observable } from "../lib/observable.js";

/** Milliseconds within which edits of one kind are one step of undo. */
const oneEdit = 1000;
const mostUndo = 200;

/**
 * What a picture is made of: the one state that prompt, cards, canvas and settings show.
 *   prompt; off: cards that are switched off, {at, card}, at is where among all cards each stands; request: the other
 *   fields that were set (PROTOCOL.md, "Request"), the model's defaults where absent.
 */
export class Recipe extends Observable {
  #now;
  #before = [];
  #after = [];
  #kind = "";
  #time = 0;

  /** @param {{prompt: string, off: object[], request: object}} state */
  constructor(state) {
    super();
    this.#now = Object.freeze(state);
  }

  get prompt() {
    return this.#now.prompt;
  }

  get off() {
    return this.#now.off;
  }

  get request() {
    return this.#now.request;
  }

  /** All of it, as it may be kept. */
  get state() {
    return this.#now;
  }

  /**
   * @param {{prompt?: string, off?: object[], request?: object}} parts what changes; of request, the fields given
   * @param {string} [kind] edits of the same kind shortly after each other are undone together
   */
  change({ request = {}, ...parts }, kind = "") {
    const next = { ...this.#now, ...parts, request: { ...this.#now.request, ...request } };
    for (const [name, value] of Object.entries(next.request)) if (value === undefined) delete next.request[name];
    if (JSON.stringify(next) === JSON.stringify(this.#now)) return;
    const time = performance.now();
    if (!kind || kind !== this.#kind || time - this.#time > oneEdit) this.#before = [...this.#before.slice(-mostUndo), this.#now];
    this.#after = [];
    this.#kind = kind;
    this.#time = time;
    this.#set(next);
  }

  /** Takes all of a recipe over. @param {{prompt: string}} request */
  restore({ prompt, ...request }) {
    const absent = Object.fromEntries(Object.keys(this.request).map((name) => [name, undefined]));
    this.change({ prompt, off: [], request: { ...absent, ...request } });
  }

  undo() {
    this.#move(this.#before, this.#after);
  }

  redo() {
    this.#move(this.#after, this.#before);
  }

  #move(from, to) {
    if (!from.length) return;
    to.push(this.#now);
    this.#kind = "";
    this.#set(from.pop());
  }

  #set(state) {
    this.#now = Object.freeze(state);
    this.changed();
  }
}
