// A worker with Counterpoint's engine. The Go program (tools/webbench/wasm) leaves its methods as globalThis.counterpoint;
// they return promises of JSON.
import "/wasm_exec.js";
import "/site/gpu.js";
import { serve } from "./serve.js";

// The program reads from the GPU device what encoding took.
const { open } = counterpointGPU;
counterpointGPU.open = async (...args) => (globalThis.openedGPU = await open(...args));

const call = (method) => async (argument) => JSON.parse(await counterpoint[method](JSON.stringify(argument)));

serve({
  /** @param {{device: string, model: string}} options model is the URL of the packed model's folder */
  async open(options) {
    const go = new Go();
    const { instance } = await WebAssembly.instantiateStreaming(fetch("/counterpoint.wasm"), go.importObject);
    go.run(instance); // it leaves its methods before it first waits
    return call("open")(options);
  },
  time: call("time"),
  check: call("check"),
});
