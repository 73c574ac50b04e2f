// WebGPU for an engine in WebAssembly: the objects are kept here, in tables, and Go holds their numbers. Its half is
// engine/device/webgpu/internal/browser, which finds this one as globalThis.counterpointGPU.

/** Of WebGPU's limits those that kernels meet. A device is opened with all that its adapter has. */
const LIMITS = [
  "maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage", "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup", "maxComputeWorkgroupSizeX", "maxComputeWorkgroupsPerDimension",
  "minStorageBufferOffsetAlignment", "minUniformBufferOffsetAlignment",
];

/** The optional features that kernels have variants for. A device is opened with all that its adapter has. */
const FEATURES = ["shader-f16", "subgroups"];

/** What may tell adapters apart, best first. Where it does not, the browser has one adapter. */
const PREFERENCES = ["high-performance", "low-power"];

/** Kinds of bindings, by the letters Go names them with. */
const BINDINGS = { u: "uniform", r: "read-only-storage", w: "storage" };

/** Words of a command: pipeline, group, and the workgroups in x, y and z. */
const COMMAND = 5;

/** How software adapters call themselves in browsers that do not say that they are. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

// Firefox looks whether work is done only every 100 ms, or when something is submitted (bugzilla.mozilla.org, bug 1870699).
const POKE = globalThis.navigator?.userAgent?.includes("Firefox");

/** Go tells errors apart by their names. */
const failure = (name, message) => Object.assign(new Error(message), { name });

/** Values named by small integers from 1. The names of removed values are given again. */
class Table {
  #values = [undefined];
  #free = [];

  add(value) {
    const name = this.#free.pop() ?? this.#values.length;
    this.#values[name] = value;
    return name;
  }

  get(name) {
    return this.#values[name];
  }

  remove(name) {
    const value = this.#values[name];
    this.#values[name] = undefined;
    this.#free.push(name);
    return value;
  }
}

/** An opened adapter. A call throws "DeviceLost" once the device is gone, or what went wrong unnoticed since the last one. */
class Device {
  #device;
  #queue;
  #lost; // why
  #fault; // the first error that no call has thrown yet
  #waiting = new Set(); // what rejects a promise that someone waits for

  #buffers = new Table();
  #groups = new Table();
  #pipelines = new Table(); // {pipeline, layout}
  #layouts = new Map(); // {group, pipeline} by the letters of bindings

  #bytes; // where Go puts what it sends
  #words;
  #staging; // where reads land, unless one is under way
  #fence = 0;
  #flying = new Map(); // promises by fence

  /** How much was encoded, and the host's time for it. */
  stats = { submits: 0, commands: 0, encodeMs: 0 };

  /** @param {GPUDevice} device @param {string} adapter its description in JSON */
  constructor(device, adapter) {
    this.adapter = adapter;
    this.#device = device;
    this.#queue = device.queue;
    device.addEventListener("uncapturederror", ({ error }) => { this.#fault ??= error.message; });
    device.lost.then(({ reason, message }) => {
      this.#lost = failure("DeviceLost", message || reason);
      for (const reject of this.#waiting) reject(this.#lost);
    });
  }

  /** @returns {Uint8Array} new memory of that size, from which submit and write take what Go has put there */
  reserve(size) {
    this.#bytes = new Uint8Array(size);
    this.#words = new Uint32Array(this.#bytes.buffer);
    return this.#bytes;
  }

  /** @param {number} size bytes @param {"storage"|"uniform"} use @returns {number} */
  createBuffer(size, use) {
    this.#check();
    const usage = use === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
    return this.#buffers.add(this.#device.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST }));
  }

  freeBuffer(name) {
    this.#buffers.remove(name).destroy();
  }

  /** Sets bytes of a buffer to the first ones of the reserved memory. */
  write(buffer, offset, length) {
    this.#check();
    this.#queue.writeBuffer(this.#buffers.get(buffer), offset, this.#bytes, 0, length);
  }

  /** @returns {Promise<Uint8Array>} a copy of bytes of a buffer, after all that was submitted before */
  async read(buffer, offset, length) {
    this.#check();
    const staging = this.#takeStaging(length);
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#buffers.get(buffer), offset, staging, 0, length);
    this.#queue.submit([encoder.finish()]);
    try {
      await this.#unlessLost(staging.mapAsync(GPUMapMode.READ, 0, length));
      this.#check();
      const bytes = new Uint8Array(staging.getMappedRange(0, length)).slice();
      staging.unmap();
      this.#keepStaging(staging);
      return bytes;
    } catch (error) {
      staging.destroy();
      return this.#explain(error);
    }
  }

  #takeStaging(length) {
    const kept = this.#staging;
    this.#staging = undefined;
    if (kept?.size >= length) return kept;
    kept?.destroy();
    const size = Math.max(length, 2 * (kept?.size ?? 0), 1 << 16);
    return this.#device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  }

  #keepStaging(staging) {
    if (this.#staging) staging.destroy(); // another read began meanwhile, since nobody waited for this one any more
    else this.#staging = staging;
  }

  /**
   * Compiles WGSL whose entry point is main. Any number may be under way at once.
   * @param {string} label
   * @param {string} code
   * @param {string} bindings of group 0, a letter of BINDINGS each
   * @returns {Promise<number>}
   */
  async createPipeline(label, code, bindings) {
    this.#check();
    const device = this.#device;
    device.pushErrorScope("validation"); // closed before anything else can run, so those of other pipelines do not mix in
    const layout = this.#layout(bindings);
    const module = device.createShaderModule({ label, code });
    const invalid = device.popErrorScope().catch(() => null);
    try {
      const compute = { module, entryPoint: "main" };
      const pipeline = await this.#unlessLost(device.createComputePipelineAsync({ label, layout: layout.pipeline, compute }));
      return this.#pipelines.add({ pipeline, layout: layout.group });
    } catch (error) {
      if (this.#lost) throw this.#lost;
      const { messages } = await this.#unlessLost(module.getCompilationInfo());
      const mistakes = messages.filter(({ type }) => type === "error").map((m) => `${m.lineNum}:${m.linePos}: ${m.message}`);
      if (mistakes.length) throw new Error(mistakes.join("\n"));
      return this.#explain(await this.#unlessLost(invalid) ?? error);
    }
  }

  #layout(bindings) {
    let layout = this.#layouts.get(bindings);
    if (!layout) {
      const entries = Array.from(bindings, (letter, binding) =>
        ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: BINDINGS[letter] } }));
      const group = this.#device.createBindGroupLayout({ label: bindings, entries });
      layout = { group, pipeline: this.#device.createPipelineLayout({ bindGroupLayouts: [group] }) };
      this.#layouts.set(bindings, layout);
    }
    return layout;
  }

  /** Makes bind group 0 for a pipeline. @param {...number} ranges buffer, offset and size of each binding */
  createGroup(pipeline, ...ranges) {
    this.#check();
    const entries = [];
    for (let i = 0; i < ranges.length; i += 3) {
      const [buffer, offset, size] = ranges.slice(i, i + 3);
      entries.push({ binding: i / 3, resource: { buffer: this.#buffers.get(buffer), offset, size } });
    }
    return this.#groups.add(this.#device.createBindGroup({ layout: this.#pipelines.get(pipeline).layout, entries }));
  }

  freeGroup(name) {
    this.#groups.remove(name);
  }

  /** Enqueues the commands at the beginning of the reserved memory, in one pass. @returns {number} the fence */
  submit(count) {
    this.#check();
    const start = performance.now();
    const words = this.#words;
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let pipeline = 0;
    let group = 0;
    for (let i = 0; i < COMMAND * count; i += COMMAND) {
      if (words[i] !== pipeline) pass.setPipeline(this.#pipelines.get(pipeline = words[i]).pipeline);
      if (words[i + 1] !== group) pass.setBindGroup(0, this.#groups.get(group = words[i + 1]));
      pass.dispatchWorkgroups(words[i + 2], words[i + 3], words[i + 4]);
    }
    pass.end();
    this.#queue.submit([encoder.finish()]);
    this.stats.encodeMs += performance.now() - start;
    this.stats.submits++;
    this.stats.commands += count;

    const fence = ++this.#fence;
    const land = () => { this.#flying.delete(fence); };
    this.#flying.set(fence, this.#queue.onSubmittedWorkDone().then(land, land)); // it fails only with the device
    return fence;
  }

  /** @returns {Promise<void>|undefined} nothing if the submit and all before it are done already */
  wait(fence) {
    this.#check();
    const done = this.#flying.get(fence);
    return done && this.#unlessLost(done).then(() => this.#check());
  }

  /** Frees everything; the device is then lost. */
  destroy() {
    this.#device.destroy();
  }

  #check() {
    const error = this.#lost ?? (this.#fault && new Error(this.#fault));
    this.#fault = undefined;
    if (error) throw error;
  }

  /** Throws the cause of an error, if it is known: that may be told after what came of it. */
  async #explain(error) {
    await new Promise((resolve) => { setTimeout(resolve); });
    this.#check();
    throw error;
  }

  /** Waits for a promise, but not for one that a lost device leaves open. */
  async #unlessLost(promise) {
    let reject;
    const lost = new Promise((_, r) => { reject = r; });
    this.#waiting.add(reject);
    const poke = POKE && setInterval(() => this.#queue.submit([this.#device.createCommandEncoder().finish()]), 1);
    try {
      return await Promise.race([promise, lost]);
    } finally {
      clearInterval(poke);
      this.#waiting.delete(reject);
    }
  }
}

/** Describes an adapter as gpu.Adapter has it. */
function describe(adapter) {
  const info = adapter.info ?? {};
  const name = info.description || info.device || "";
  return JSON.stringify({
    name,
    vendor: info.vendor,
    architecture: info.architecture,
    driver: info.driver,
    backend: info.backend ?? "WebGPU", // what lies below is told to developers only
    library: "the browser",
    software: Boolean(info.isFallbackAdapter ?? adapter.isFallbackAdapter) || SOFTWARE.test(`${name} ${info.architecture}`),
    limits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
    features: {
      ...Object.fromEntries(FEATURES.map((feature) => [feature, adapter.features.has(feature)])),
      subgroupMinSize: info.subgroupMinSize,
      subgroupMaxSize: info.subgroupMaxSize,
    },
  });
}

/** @returns {Promise<Map<string, GPUAdapter>>} by their descriptions, best first. Each can be opened once */
async function request() {
  const gpu = globalThis.navigator?.gpu;
  if (!gpu) {
    throw failure("NoAdapter", globalThis.isSecureContext === false
      ? "WebGPU needs a secure context: a page from https or from localhost"
      : "there is no navigator.gpu: the browser has no WebGPU here, or it is switched off");
  }
  const offered = await Promise.all(PREFERENCES.map((powerPreference) =>
    gpu.requestAdapter({ powerPreference, featureLevel: "core" })));
  const found = new Map();
  for (const adapter of offered.filter(Boolean)) found.set(describe(adapter), adapter);
  if (!found.size) throw failure("NoAdapter", "the browser has WebGPU, but no GPU for it: none with a driver it trusts, or it is switched off");
  return found;
}

globalThis.counterpointGPU = {
  /** @returns {Promise<string>} descriptions of the adapters in a JSON array, best first */
  async adapters() {
    return `[${[...(await request()).keys()]}]`;
  },

  /** @param {number} index of adapters' array @returns {Promise<Device>} */
  async open(index) {
    const [description, adapter] = [...await request()][index] ?? [];
    if (!adapter) throw failure("NoAdapter", `there is no adapter ${index} any more`);
    return new Device(await adapter.requestDevice({
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
    }), description);
  },
};
