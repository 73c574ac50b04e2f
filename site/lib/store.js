// Files kept in the origin's private file system. For a dedicated worker: only there can they be written at once.
import { Part } from "./part.js";

const suffix = ".part";
const mostParts = 2; // of other files: a download and the one ahead of it

/** A folder of them, or why there is none: "shards" are called by their hash, "models" are manifests called by theirs. */
export class Store {
  #name;
  #folder;
  /** Why nothing is kept, for a person; empty while it is. */
  refused = "";

  /** @param {"shards"|"models"} name */
  static async open(name) {
    const store = new Store();
    store.#name = name;
    try {
      const root = await navigator.storage.getDirectory();
      store.#folder = await root.getDirectoryHandle(name, { create: true });
    } catch (error) {
      store.#refuse(error);
    }
    return store;
  }

  // What waits for a lock keeps the folder that it began with: another file may meet the end of the storage meanwhile.

  #refuse(error) {
    const full = error.name === "QuotaExceededError"; // what is there can be read all the same
    if (!full) this.#folder = undefined;
    this.refused = full ? "the browser's storage is full" : navigator.storage ? `the browser refuses storage (${error.name})` : "the browser has no storage for this page";
  }

  /** @returns {Promise<Uint8Array|undefined>} what is there under a name, unchecked */
  async read(name) {
    const folder = this.#folder;
    if (!folder) return undefined;
    return this.#lock(name, "shared", async () => {
      try {
        const file = await (await folder.getFileHandle(name)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      } catch (error) {
        if (error.name !== "NotFoundError") this.#refuse(error);
        return undefined;
      }
    });
  }

  /** @returns {Promise<boolean>} whether it is kept now, whole */
  async write(name, bytes) {
    const folder = this.#folder;
    if (!folder || this.refused) return false;
    return this.#lock(name, "exclusive", async () => {
      try {
        const handle = await folder.getFileHandle(name, { create: true });
        const file = await handle.createSyncAccessHandle();
        try {
          file.truncate(0);
          file.write(bytes, { at: 0 }); // what it returns where the quota ends is no length in Chromium
          file.flush();
          if (file.getSize() < bytes.length) throw new DOMException("a part of it is written", "QuotaExceededError");
        } finally {
          file.close();
        }
        return true;
      } catch (error) {
        await folder.removeEntry(name).catch(() => {});
        this.#refuse(error);
        return false;
      }
    });
  }

  /** @returns {Promise<Part|undefined>} what came before of a file, to go on with; undefined where none can be kept */
  async begin(name) {
    const folder = this.#folder;
    if (!folder || this.refused) return undefined;
    try {
      await tidy(folder, name + suffix);
      return await Part.open(folder, name + suffix);
    } catch {
      return undefined; // another tab is at it, say; whether the whole can be kept is seen when it is here
    }
  }

  async remove(name) {
    await this.#folder?.removeEntry(name).catch((error) => name.endsWith(suffix) || error.name === "NotFoundError" || this.#refuse(error));
  }

  /** @returns {Promise<Map<string, number>>} the size of each file, by name */
  async sizes() {
    const found = new Map();
    if (!this.#folder) return found;
    for await (const [name, handle] of this.#folder) found.set(name, (await handle.getFile().catch(() => undefined))?.size ?? 0);
    return found;
  }

  /** Keeps tabs from reading what another one is writing. */
  #lock(name, mode, run) {
    return navigator.locks.request(`counterpoint-${this.#name}-${name}`, { mode }, run);
  }
}

/** Deletes what was begun and left, but the newest. */
async function tidy(folder, but) {
  const parts = [];
  for await (const [name, handle] of folder) {
    if (name.endsWith(suffix) && name !== but) parts.push({ name, at: (await handle.getFile().catch(() => undefined))?.lastModified ?? Infinity });
  }
  parts.sort((a, b) => b.at - a.at);
  for (const { name } of parts.slice(mostParts)) await folder.removeEntry(name).catch(() => {});
}
