// A worker with ONNX Runtime Web: one execution provider, one session, the same inputs whatever the provider is.
import { serve } from "./serve.js";

const TIMESTEP = 500n;

let session;
let feeds;

serve({
  /**
   * @param {{bundle: string, provider: string, threads: number, model: string}} options bundle is a file of the package's
   *   dist folder; threads 0 leaves their number to the library
   * @returns {Promise<{version: string, rows: number}>}
   */
  async open({ bundle, provider, threads, model }) {
    const ort = await import(`/ort/${bundle}`);
    ort.env.wasm.numThreads = threads;
    session = await ort.InferenceSession.create(model, { executionProviders: [provider], graphOptimizationLevel: "all" });
    const random = gaussian(1);
    feeds = {};
    for (const { name, type, shape } of session.inputMetadata) {
      const count = shape.reduce((a, b) => a * b, 1);
      const data = type === "int64" ? new BigInt64Array(count).fill(TIMESTEP) : Float32Array.from({ length: count }, random);
      feeds[name] = new ort.Tensor(type, data, shape);
    }
    return { version: ort.env.versions.web, rows: feeds.sample.dims[0] };
  },

  /** @returns {Promise<{times: number[]}>} milliseconds of each of so many evaluations, after others that warm up */
  async time({ warmup, repeat }) {
    const times = [];
    for (let i = 0; i < warmup + repeat; i++) {
      const start = performance.now();
      await evaluate();
      if (i >= warmup) times.push(performance.now() - start);
    }
    return { times };
  },

  /** @returns {Promise<number[]>} the score of the inputs */
  score: async () => Array.from(await evaluate()),
});

/** One evaluation, up to and with its result in memory. */
async function evaluate() {
  const { score } = await session.run(feeds);
  const data = await score.getData();
  score.dispose();
  return data;
}

/** Normally distributed numbers, the same for a seed (mulberry32, Box-Muller). */
function gaussian(seed) {
  const uniform = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
