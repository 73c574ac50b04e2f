import { Observable } from "./observable.js";

const scope = new URL("../", import.meta.url).href;
const patience = 10_000; // milliseconds that a first visit waits to be served from storage

/** The page's own files, which a service worker (sw.js) keeps as one version, and what becomes of them. */
export class Shell extends Observable {
  #registration;
  #claiming = false;
  #taking = false;

  /** Why the page is not kept, for a person; empty while it is. */
  refused = "";

  /** Whether a newer version waits to be used. */
  waiting = false;

  /** Whether another tab has put a newer version in place of this page's. */
  replaced = false;

  /** Resolves when workers that are started will be of this page's version, or nothing can be done for that. */
  ready;

  constructor() {
    super();
    this.ready = this.#start();
  }

  async #start() {
    const container = navigator.serviceWorker;
    if (!container) {
      this.#refuse(isSecureContext ? "the browser has no service workers here, as in some private windows" : "it is not served by https or from this machine");
      return;
    }
    try {
      this.#registration = await this.#find() ?? await container.register(`${scope}sw.js?${version()}`, { updateViaCache: "all" });
    } catch (error) {
      this.#refuse(`the browser refuses it (${error.message})`);
      return;
    }
    container.addEventListener("controllerchange", () => this.#changed());
    this.#registration.addEventListener("updatefound", () => this.#follow());
    this.#follow();
    if (!container.controller) await Promise.race([this.#claim(), new Promise((resolve) => setTimeout(resolve, patience))]);
  }

  async #find() {
    const found = await navigator.serviceWorker.getRegistration(scope);
    return found?.scope === scope ? found : undefined; // not that of a folder above
  }

  #refuse(reason) {
    this.refused = reason;
    this.changed();
  }

  /** A page that came from the network asks to be served from storage from now on. */
  async #claim() {
    const { installing, waiting, active } = this.#registration;
    const worker = active ?? waiting ?? installing;
    const state = await settled(worker);
    if (state === "redundant") return this.#refuse("not all of its files could be fetched");
    const { port1, port2 } = new MessageChannel();
    const answered = new Promise((resolve) => (port1.onmessage = resolve));
    this.#claiming = true;
    worker.postMessage({ type: "claim", version: version() }, [port2]);
    await answered;
  }

  #changed() {
    if (this.#taking) return location.reload();
    if (this.#claiming) {
      this.#claiming = false;
      return;
    }
    this.replaced = Boolean(navigator.serviceWorker.controller); // it has none once all is forgotten
    this.changed();
  }

  /** Watches for a version that has come in beside the one in use. */
  #follow() {
    const { installing } = this.#registration;
    const look = () => {
      this.waiting = Boolean(this.#registration.waiting && this.#registration.active);
      this.changed();
    };
    installing?.addEventListener("statechange", look);
    look();
  }

  /** Puts the waiting version in place of this one, and loads the page anew. */
  takeOver() {
    this.#taking = true;
    this.#registration.waiting.postMessage({ type: "take over" });
  }

  /** Asks the server for a newer version. @returns {Promise<boolean>} whether there is one */
  async check() {
    const { scriptURL } = this.#registration.active;
    await fetch(scriptURL, { cache: "reload" }); // the browser's own look may make do with what it was told earlier today
    await this.#registration.update();
    return Boolean(this.#registration.installing || this.#registration.waiting);
  }

  /** @returns {Promise<{version: string, bytes: number}>} what is kept, and how large */
  async kept() {
    let bytes = 0;
    for (const name of await cachesOf(scope)) {
      const cache = await caches.open(name);
      const sizes = (await cache.matchAll()).map(async (response) => (await response.blob()).size);
      bytes += (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    }
    return { version: version(), bytes };
  }

  /** Keeps nothing any more. */
  async forget() {
    await this.#registration?.unregister();
    for (const name of await cachesOf(scope)) await caches.delete(name);
  }
}

const version = () => document.querySelector("meta[name=version]").content;

async function cachesOf(scope) {
  if (!globalThis.caches) return [];
  return (await caches.keys()).filter((name) => name.startsWith(`counterpoint-shell ${scope} `));
}

/** Resolves when a worker is "activated" or "redundant", with which. */
function settled(worker) {
  return new Promise((resolve) => {
    const look = () => ["activated", "redundant"].includes(worker.state) && resolve(worker.state);
    worker.addEventListener("statechange", look);
    look();
  });
}
