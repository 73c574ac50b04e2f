// The page of webbench: a Web Worker for each contender, which the Go program calls through globalThis.webbench.

class Contender {
  #worker;
  #calls = new Map(); // {resolve, reject} by number
  #count = 0;

  constructor(name, script) {
    this.#worker = new Worker(script, { type: "module", name });
    this.#worker.addEventListener("message", ({ data: { call, value, error } }) => {
      const { resolve, reject } = this.#calls.get(call);
      this.#calls.delete(call);
      if (error === undefined) resolve(value);
      else reject(new Error(error));
    });
    this.#worker.addEventListener("error", ({ message }) => {
      for (const { reject } of this.#calls.values()) reject(new Error(message || `${script} does not load`));
      this.#calls.clear();
    });
  }

  call(method, argument) {
    const call = this.#count++;
    const { promise, resolve, reject } = Promise.withResolvers();
    this.#calls.set(call, { resolve, reject });
    this.#worker.postMessage({ call, method, argument });
    return promise;
  }
}

const contenders = new Map();

globalThis.webbench = {
  /** What the machine gives to a page. */
  about: () => ({ cores: navigator.hardwareConcurrency, isolated: crossOriginIsolated }),

  /** Starts a contender: script is the URL of its worker. */
  start(name, script) {
    contenders.set(name, new Contender(name, script));
  },

  /** Calls one of the methods that the contender's worker serves. @returns {Promise<any>} */
  call: (name, method, argument) => contenders.get(name).call(method, argument),
};
