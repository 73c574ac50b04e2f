import { byId } from "./element.js";

/** Milliseconds between two announcements within a phase: a screen reader reads each out (WCAG 4.1.3). */
const quiet = 5000;

/** The status line, which is announced, and a bar and count, which are not. In the background the tab's title has it. */
export class Progress {
  #status = document.querySelector("[role=status]");
  #bar = byId("bar");
  #count = byId("count");
  #phase = "";
  #said = 0;
  #name = document.title;
  #news = ""; // for a person at another tab

  constructor() {
    document.addEventListener("visibilitychange", () => this.#entitle(this.#bar.hidden ? "" : this.#news));
  }

  /**
   * Tells how far something is. Bar and count move at once, the text at a new phase and every few seconds.
   * @param {string} phase
   * @param {string} message
   * @param {{fraction?: number, count?: string}} [how] fraction: 0 to 1, absent where it is not known
   */
  tell(phase, message, { fraction, count = "" } = {}) {
    this.#bar.hidden = false;
    if (fraction === undefined) this.#bar.removeAttribute("value");
    else this.#bar.value = fraction;
    this.#count.textContent = count;
    this.#entitle(fraction === undefined ? message : `${Math.floor(100 * fraction)} %`);
    if (phase !== this.#phase || performance.now() - this.#said > quiet) this.#say(phase, message);
  }

  /** Says how something ended, and takes the bar away. */
  end(message) {
    this.#bar.hidden = true;
    this.#count.textContent = "";
    this.#entitle(document.hidden ? message : "");
    this.#say("", message);
  }

  /** Says something else, unless something is under way. */
  say(message) {
    if (this.#bar.hidden) this.#say("", message);
  }

  #entitle(news) {
    this.#news = news;
    document.title = document.hidden && news ? `${news} – ${this.#name}` : this.#name;
  }

  #say(phase, message) {
    this.#phase = phase;
    this.#said = performance.now();
    this.#status.textContent = message;
  }
}
