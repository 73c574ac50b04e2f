import { byId, element } from "./element.js";

/** Errors: what went wrong, what may help, and one thing to do about it. */
export class Alert {
  #place = byId("alert");

  /**
   * @param {string} message
   * @param {string} [hint]
   * @param {{label: string, run: () => void}} [action]
   */
  show(message, hint, action) {
    const parts = [element("strong", {}, message)];
    if (hint) parts.push(element("span", {}, hint));
    if (action) {
      parts.push(element("button", {
        type: "button",
        onclick: () => {
          this.clear();
          action.run();
        },
      }, action.label));
    }
    this.#place.replaceChildren(...parts);
  }

  clear() {
    this.#place.replaceChildren();
  }
}
