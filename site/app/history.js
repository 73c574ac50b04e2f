import { Album } from "../lib/album.js";
import { byId, element } from "./element.js";
import { icon } from "./icons.js";
import { text } from "./strings.js";

const key = "history";
const most = 200;

/** Earlier pictures with their recipes, on this machine alone. */
export class History {
  #album = new Album(most);
  #open;
  #list = byId("history-list");
  #keep = byId("history-keep");
  #clear = byId("history-clear");
  #note = byId("history-note");
  #items = new Map(); // by the picture's id: {item, url}

  /** @param {(kept: import("../lib/album.js").Kept) => void} open called with a picture that was chosen */
  constructor(open) {
    this.#open = open;
    this.#keep.checked = read() !== "off";
    this.#keep.addEventListener("change", () => {
      write(this.#keep.checked ? "on" : "off");
      this.#show();
    });
    this.#clear.addEventListener("click", () => this.#ask());
    this.#clear.addEventListener("blur", () => (this.#clear.textContent = text.history.clear));
    this.#do(Promise.resolve());
  }

  /** Keeps pictures, unless that is switched off. @param {import("./picture.js").Made[]} pictures */
  async add(pictures) {
    if (this.#keep.checked) await this.#do(this.#album.add(pictures));
  }

  /** Deletes all of them at the second press. */
  #ask() {
    if (this.#clear.textContent !== text.history.confirm) {
      this.#clear.textContent = text.history.confirm;
      return;
    }
    this.#keep.focus();
    this.#do(this.#album.clear());
  }

  async #do(done) {
    try {
      await done;
      await this.#show();
    } catch (error) {
      this.#note.textContent = text.history.refused(error);
    }
  }

  async #show() {
    const kept = await this.#album.all();
    const ids = new Set(kept.map(({ id }) => id));
    for (const [id, { item, url }] of this.#items) {
      if (ids.has(id)) continue;
      this.#items.delete(id);
      URL.revokeObjectURL(url);
      item.remove();
    }
    this.#list.prepend(...kept.filter(({ id }) => !this.#items.has(id)).map((each) => this.#item(each))); // newer than all before
    this.#clear.hidden = !kept.length;
    this.#note.textContent = this.#keep.checked ? (kept.length ? text.history.here(kept.length) : text.history.none) : text.history.off;
  }

  #item(kept) {
    const url = URL.createObjectURL(kept.blob);
    const { prompt, seed } = kept.request;
    const image = element("img", { src: url, alt: "", loading: "lazy" });
    const open = element("button", { type: "button", className: "thumb", title: prompt, ariaLabel: text.history.open(prompt, seed), onclick: () => this.#open(kept) }, image);
    const remove = element("button", {
      type: "button", className: "quiet", title: text.history.remove, ariaLabel: text.history.removeOf(prompt, seed),
      onclick: async () => {
        const next = item.nextElementSibling ?? item.previousElementSibling;
        const at = next && [...this.#list.children].indexOf(next) - (next === item.nextElementSibling ? 1 : 0);
        await this.#do(this.#album.remove(kept.id));
        (this.#list.children[at]?.querySelector(".thumb") ?? this.#keep).focus();
      },
    }, icon("remove"));
    const item = element("li", {}, open, remove);
    this.#items.set(kept.id, { item, url });
    return item;
  }
}

function read() {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it is asked for again at the next visit.
  }
}
