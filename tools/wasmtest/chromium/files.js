// A file system in memory, with those of Node's functions that Go's package syscall calls. Part of it can be filled when it
// is first looked at.

const TYPE = 0o170000;
const DIRECTORY = 0o040000;
const DEVICE = 0o020000;
const FILE = 0o100000;

const constants = {
  O_WRONLY: 0o1, O_RDWR: 0o2, O_CREAT: 0o100, O_EXCL: 0o200, O_TRUNC: 0o1000, O_APPEND: 0o2000, O_DIRECTORY: 0o200000,
};

/** Go knows errors by their codes. */
const failure = (code) => Object.assign(new Error(code), { code });

/** A file or a folder. */
export class Node {
  static #count = 0;
  #number = ++Node.#count;
  #content;

  /**
   * @param {number} mode type and permissions
   * @param {Uint8Array|Map<string, Node>|function} content of a file or a folder, or what returns it when it is needed
   * @param {number} size of a file, bytes; its content may have more, all 0
   * @param {number} mtime ms
   */
  constructor(mode, content, size = 0, mtime = Date.now()) {
    Object.assign(this, { mode, size, mtime });
    this.#content = content;
  }

  static folder(content = new Map(), mode = 0o755) {
    return new Node(DIRECTORY | mode, content);
  }

  static file(content = new Uint8Array(), size = 0, mtime = Date.now(), mode = 0o644) {
    return new Node(FILE | mode, content, size, mtime);
  }

  get isFolder() {
    return (this.mode & TYPE) === DIRECTORY;
  }

  get content() {
    if (typeof this.#content === "function") {
      this.#content = this.#content();
      if (!this.isFolder) this.size = this.#content.length; // should it have changed
    }
    return this.#content;
  }

  /** @returns {Map<string, Node>} of a folder */
  get entries() {
    if (!this.isFolder) throw failure("ENOTDIR");
    return this.content;
  }

  resize(size) {
    if (this.isFolder) throw failure("EISDIR");
    const { content } = this;
    if (size > content.length) {
      this.#content = new Uint8Array(Math.max(size, 2 * content.length));
      this.#content.set(content.subarray(0, this.size));
    } else if (size < this.size) {
      content.fill(0, size, this.size);
    }
    this.size = size;
    this.mtime = Date.now();
  }

  /** What Go reads of Node's fs.Stats. */
  get stats() {
    const { mode, size, mtime } = this;
    return {
      dev: 1, ino: this.#number, mode, nlink: 1, uid: 0, gid: 0, rdev: 0, size, blksize: 4096, blocks: Math.ceil(size / 512),
      atimeMs: mtime, mtimeMs: mtime, ctimeMs: mtime, isDirectory: () => this.isFolder,
    };
  }
}

/** Node's fs, path and process as far as Go calls them. Its functions throw; see callbacks. */
export class Files {
  #root = Node.folder();
  #folder = "/"; // the current one
  #open = new Map(); // {node, flags, position} by descriptor
  #next = 3;
  #output;

  /** @param {function(number, Uint8Array)} output takes what is written to descriptors 1 and 2 */
  constructor(output) {
    this.#output = output;
    const device = new Node(DEVICE | 0o620);
    for (const descriptor of [0, 1, 2]) this.#open.set(descriptor, { node: device });
  }

  /** Puts a node somewhere, and folders above it. */
  mount(path, node) {
    const names = this.#names(path);
    const last = names.pop();
    let { entries } = this.#root;
    for (const name of names) {
      if (!entries.has(name)) entries.set(name, Node.folder());
      entries = entries.get(name).entries;
    }
    entries.set(last, node);
  }

  cwd() {
    return this.#folder;
  }

  chdir(path) {
    if (!this.#find(path).isFolder) throw failure("ENOTDIR");
    this.#folder = this.resolve(path);
  }

  resolve(path) {
    return `/${this.#names(path).join("/")}`;
  }

  #names(path) {
    const names = [];
    for (const name of (path.startsWith("/") ? path : `${this.#folder}/${path}`).split("/")) {
      if (name === "..") names.pop();
      else if (name && name !== ".") names.push(name);
    }
    return names;
  }

  #find(path) {
    let node = this.#root;
    for (const name of this.#names(path)) {
      node = node.entries.get(name);
      if (!node) throw failure("ENOENT");
    }
    return node;
  }

  /** @returns {[Map<string, Node>, string, Node|undefined]} the folder with a path, its name there, and what is there */
  #place(path) {
    const names = this.#names(path);
    const name = names.pop();
    if (name === undefined) throw failure("EBUSY"); // the root
    const { entries } = this.#find(`/${names.join("/")}`);
    return [entries, name, entries.get(name)];
  }

  #read(path) {
    const { content, isFolder, size } = this.#find(path);
    if (isFolder) throw failure("EISDIR");
    return content.slice(0, size);
  }

  #opened(descriptor) {
    const opened = this.#open.get(descriptor);
    if (!opened) throw failure("EBADF");
    return opened;
  }

  /** What Go calls with a callback at the end. */
  calls = {
    open: (path, flags, mode) => {
      let node;
      if (flags & constants.O_CREAT) {
        const [entries, name, there] = this.#place(path);
        if (there && flags & constants.O_EXCL) throw failure("EEXIST");
        node = there ?? Node.file(undefined, 0, Date.now(), mode);
        entries.set(name, node);
      } else {
        node = this.#find(path);
      }
      if (node.isFolder && flags & (constants.O_WRONLY | constants.O_RDWR)) throw failure("EISDIR");
      if (!node.isFolder && flags & constants.O_DIRECTORY) throw failure("ENOTDIR");
      if (flags & constants.O_TRUNC) node.resize(0);
      this.#open.set(this.#next, { node, flags, position: 0 });
      return this.#next++;
    },
    close: (descriptor) => {
      this.#opened(descriptor);
      this.#open.delete(descriptor);
    },
    read: (descriptor, buffer, offset, length, position) => {
      const opened = this.#opened(descriptor);
      const { content, isFolder, size } = opened.node;
      if (isFolder) throw failure("EISDIR");
      const from = position ?? opened.position;
      const n = Math.max(0, Math.min(length, size - from));
      if (n) buffer.set(content.subarray(from, from + n), offset);
      if (position === null) opened.position += n;
      return n;
    },
    write: (descriptor, buffer, offset, length, position) => {
      const bytes = buffer.subarray(offset, offset + length);
      if (descriptor === 1 || descriptor === 2) {
        this.#output(descriptor, bytes);
        return length;
      }
      const opened = this.#opened(descriptor);
      const { node, flags } = opened;
      if (!(flags & (constants.O_WRONLY | constants.O_RDWR))) throw failure("EBADF");
      const at = flags & constants.O_APPEND ? node.size : position ?? opened.position;
      node.resize(Math.max(node.size, at + length));
      node.content.set(bytes, at);
      if (position === null) opened.position = at + length;
      return length;
    },
    readdir: (path) => [...this.#find(path).entries.keys()],
    stat: (path) => this.#find(path).stats,
    lstat: (path) => this.#find(path).stats,
    fstat: (descriptor) => this.#opened(descriptor).node.stats,
    mkdir: (path, mode) => {
      const [entries, name, there] = this.#place(path);
      if (there) throw failure("EEXIST");
      entries.set(name, Node.folder(undefined, mode));
    },
    unlink: (path) => {
      const [entries, name, there] = this.#place(path);
      if (!there) throw failure("ENOENT");
      if (there.isFolder) throw failure("EISDIR");
      entries.delete(name);
    },
    rmdir: (path) => {
      const [entries, name, there] = this.#place(path);
      if (!there) throw failure("ENOENT");
      if (there.entries.size) throw failure("ENOTEMPTY");
      entries.delete(name);
    },
    rename: (from, to) => {
      const [source, name, node] = this.#place(from);
      const [target, newName, there] = this.#place(to);
      if (!node) throw failure("ENOENT");
      if (there === node) return;
      if (`${this.resolve(to)}/`.startsWith(`${this.resolve(from)}/`)) throw failure("EINVAL");
      if (there?.isFolder && !node.isFolder) throw failure("EISDIR");
      if (there && node.isFolder && there.entries.size) throw failure("ENOTEMPTY");
      source.delete(name);
      target.set(newName, node);
    },
    truncate: (path, size) => this.#find(path).resize(size),
    ftruncate: (descriptor, size) => this.#opened(descriptor).node.resize(size),
    fsync: (descriptor) => { this.#opened(descriptor); },
    chmod: (path, mode) => { setMode(this.#find(path), mode); },
    fchmod: (descriptor, mode) => { setMode(this.#opened(descriptor).node, mode); },
    utimes: (path, _, mtime) => { this.#find(path).mtime = 1000 * mtime; },
    ...Object.fromEntries(["chown", "fchown", "lchown", "link", "symlink", "readlink"].map((name) =>
      [name, () => { throw failure("ENOSYS"); }])),
  };

  /** @returns {object} for globalThis.fs */
  get fs() {
    const called = Object.entries(this.calls).map(([name, call]) => [name, (...args) => {
      const callback = args.pop();
      let result;
      try {
        result = call(...args);
      } catch (error) {
        callback(error);
        return;
      }
      callback(null, result);
    }]);
    return {
      constants,
      ...Object.fromEntries(called),
      writeSync: (descriptor, bytes) => this.#output(descriptor, bytes), // which Go's runtime calls
      readFileSync: (path) => this.#read(path), // and tests that want a file outside of Go's memory
    };
  }
}

const setMode = (node, mode) => { node.mode = (node.mode & TYPE) | (mode & ~TYPE); };
