import { byId, element } from "./element.js";
import { text } from "./strings.js";

/** Says that a newer version of the page is there, and loads it when asked to. */
export class Update {
  #place = byId("update");

  /** @param {import("../lib/shell.js").Shell} shell */
  constructor(shell) {
    shell.subscribe(() => {
      if (shell.replaced) this.#replaced();
      else if (shell.waiting) this.#announce(text.update.here, text.update.use, () => shell.takeOver());
    });
  }

  #announce(message, label, run) {
    this.#place.replaceChildren(element("span", {}, message), element("button", { type: "button", onclick: run }, label));
  }

  /** This page's version is gone: it must start nothing any more, and may end what it has begun. */
  #replaced() {
    if (byId("bar").hidden) return location.reload();
    this.#announce(text.update.elsewhere, text.reload, () => location.reload());
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      location.reload();
    }, { capture: true });
  }
}
