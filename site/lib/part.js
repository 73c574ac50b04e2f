/** A file that comes in pieces, kept from the first one on: what came before a cut is there at the next try. */
export class Part {
  #folder;
  #name;
  #file;

  /** What came before. @type {Uint8Array} */
  begun;

  static async open(folder, name) {
    const handle = await folder.getFileHandle(name, { create: true });
    const part = new Part();
    part.#folder = folder;
    part.#name = name;
    part.#file = await handle.createSyncAccessHandle();
    part.begun = new Uint8Array(part.#file.getSize());
    part.#file.read(part.begun, { at: 0 });
    return part;
  }

  /** Keeps bytes, if there is room. */
  write(bytes, at) {
    try {
      this.#file.write(bytes, { at });
    } catch {
      // Nor will the whole file fit, which is told then.
    }
  }

  /** Begins anew. */
  empty() {
    this.begun = new Uint8Array();
    this.#file.truncate(0);
  }

  /** Leaves it for the next try. */
  close() {
    this.#file.close();
  }

  /** Ends it, when the whole is here. */
  async remove() {
    this.#file.close();
    await this.#folder.removeEntry(this.#name).catch(() => {});
  }
}
