import { Album } from "../lib/album.js";
import { forgetAll, recall } from "../lib/memory.js";
import { byId, element } from "./element.js";
import { filesOf, holdsModel } from "./folder.js";
import { text } from "./strings.js";

/** What this browser keeps of the page, each with its size and a way to delete it; and the models, to choose, add and delete. */
export class Storage {
  #models;
  #shell;
  #reopen;
  #close;
  #beside;
  #panel = byId("storage");
  #list = byId("models");
  #facts = byId("storage-facts");
  #note = byId("storage-note");
  #folder = byId("open-folder");

  /**
   * @param {import("./models.js").Models} models
   * @param {import("../lib/shell.js").Shell} shell
   * @param {{reopen: () => Promise<void>, close: () => Promise<void>, beside: (change: (engine: object) => Promise<void>) => Promise<void>}}
   *   engine
   */
  constructor(models, shell, { reopen, close, beside }) {
    this.#models = models;
    this.#shell = shell;
    this.#reopen = reopen;
    this.#close = close;
    this.#beside = beside;
    this.#panel.addEventListener("toggle", () => this.#panel.open && this.show());
    byId("add-folder").addEventListener("click", () => this.#folder.click());
    this.#folder.addEventListener("change", () => {
      this.#add(Promise.resolve([...this.#folder.files]));
      this.#folder.value = "";
    });
    addEventListener("drop", (event) => this.#drop(event), { capture: true });
    byId("persist").addEventListener("click", () => this.#persist());
    byId("look").addEventListener("click", () => this.#look());
    byId("forget").addEventListener("click", () => byId("forget-dialog").showModal());
    byId("forget-dialog").addEventListener("close", ({ target }) => target.returnValue === "forget" && this.#forget());
    shell.subscribe(() => this.show());
  }

  /** Shows what is kept now, if the panel is open. */
  async show() {
    if (!this.#panel.open) return;
    const nothing = { models: [], stray: 0, refused: text.storage.unknown };
    const [{ models, stray, refused }, pictures, shell, estimate, persisted] = await Promise.all([
      this.#models.library.list().catch(() => nothing), new Album(Infinity).all().catch(() => []), this.#shell.kept().catch(() => ({ bytes: 0 })),
      navigator.storage?.estimate?.() ?? {}, navigator.storage?.persisted?.() ?? false,
    ]);
    this.#list.replaceChildren(...models.map((each) => this.#item(each)));
    const facts = [
      [text.storage.pictures, text.storage.album(pictures.length, pictures.reduce((sum, { blob, inputs }) => sum + blob.size + (inputs?.image.size ?? 0), 0))],
      [text.storage.page, text.storage.shell(shell, this.#shell.refused)],
    ];
    if (stray) facts.push([text.storage.strays, text.storage.bytes(stray)]);
    if (estimate.usage !== undefined) facts.push([text.storage.all, text.storage.estimate(estimate)]);
    facts.push([text.storage.lasting, refused ? text.storage.refused(refused) : text.storage.persisted(persisted)]);
    this.#facts.replaceChildren(...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
    byId("persist").hidden = persisted || Boolean(refused);
    byId("look").hidden = Boolean(this.#shell.refused);
  }

  #item(model) {
    const { id, name, bytes, stored } = model;
    const used = id === this.#models.entry?.id;
    const [as] = this.#models.named.find((each) => each[1] === id) ?? [];
    const use = element("button", { type: "button", disabled: used, ariaLabel: text.storage.useOf(name, used), onclick: () => this.#use(id) }, used ? text.storage.used : text.storage.use);
    const remove = element("button", { type: "button", ariaLabel: text.storage.removeOf(name), onclick: () => this.#remove(model) }, text.storage.remove);
    return element("li", {}, element("div", {}, element("strong", {}, name), element("p", { className: "help" }, text.storage.model(model))),
      element("div", { className: "row" }, use, remove), ...(as || !used && stored === bytes ? [this.#composing(model, as)] : []));
  }

  /** What gives a model a name to compose with, or takes it out. */
  #composing({ id, name }, as) {
    const suggested = name.toLowerCase().replace(/[^a-z0-9_]+/g, "-").replace(/^[^a-z]+|-$/g, "");
    const field = element("input", { value: suggested, required: true, pattern: "[a-z][a-z0-9_\\-]{0,63}", autocapitalize: "none", spellcheck: false });
    const button = { id: `compose-${id}`, ariaLabel: text.storage.composeOf(name, as) };
    const onsubmit = async (event) => {
      event.preventDefault();
      await this.#do(() => this.#beside((engine) => this.#models.name(engine, as ?? field.value, as ? undefined : id)));
      byId(button.id)?.focus(); // another one
    };
    return element("form", { className: "row", autocomplete: "off", onsubmit },
      as ? element("span", { className: "help" }, text.storage.composed(as)) : element("label", {}, `${text.storage.as} `, field),
      element("button", button, as ? text.storage.without : text.storage.compose));
  }

  async #use(id) {
    this.#models.choose(id);
    await this.#reopen();
    await this.show();
  }

  async #remove({ id, name }) {
    await this.#do(async () => {
      for (const [as] of this.#models.named.filter((each) => each[1] === id)) await this.#beside((engine) => this.#models.name(engine, as));
      await this.#models.library.remove(id);
      if (id === recall("model")) this.#models.choose();
      this.#say(text.storage.removed(name));
    });
    byId("add-folder").focus();
  }

  #drop(event) {
    if (!holdsModel(event.dataTransfer)) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // it is no picture
    byId("drop-veil").hidden = true;
    this.#panel.open = true;
    this.#panel.scrollIntoView({ block: "nearest" });
    this.#add(filesOf(event.dataTransfer));
  }

  /** Adds a model's folder and opens it. @param {Promise<File[]>} files */
  #add(files) {
    return this.#do(async () => {
      const { id, name } = await this.#models.library.add(await files, (how) => this.#say(text.storage.adding(how)));
      this.#say(text.storage.added(name));
      await this.#use(id);
    });
  }

  async #persist() {
    await this.#do(async () => {
      if (!await navigator.storage.persist()) this.#say(text.storage.unpersisted);
    });
  }

  #look() {
    this.#say(text.update.looking);
    return this.#do(async () => this.#say(await this.#shell.check() ? text.update.found : text.update.none));
  }

  /** Deletes everything, and leaves nothing running that could keep something anew. */
  async #forget() {
    await this.#close();
    try {
      await forgetFiles();
      await forgetPictures();
      await this.#shell.forget();
      forgetAll();
    } catch (error) {
      return this.#say(text.storage.failed(error));
    }
    document.body.replaceChildren(element("main", { className: "forgotten" }, element("h1", {}, text.storage.forgotten), element("p", {}, text.storage.anew),
      element("button", { type: "button", onclick: () => location.reload() }, text.storage.begin)));
  }

  async #do(act) {
    try {
      await act();
    } catch (error) {
      this.#say(text.storage.failed(error));
    }
    await this.show();
  }

  #say(message) {
    this.#note.textContent = message;
  }
}

async function forgetFiles() {
  const root = await navigator.storage?.getDirectory?.().catch(() => {});
  for (const name of ["models", "shards"]) {
    await root?.removeEntry(name, { recursive: true }).catch((error) => {
      if (error.name !== "NotFoundError") throw error;
    });
  }
}

function forgetPictures() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("counterpoint");
    request.onsuccess = resolve;
    request.onblocked = () => reject(new Error(text.storage.blocked));
    request.onerror = () => reject(request.error);
  });
}
