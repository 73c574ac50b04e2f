import { CounterpointError } from "./errors.js";

const url = new URL("../dist/counterpoint.wasm", import.meta.url);

let compiled;

/**
 * The engine as WebAssembly, fetched and compiled once a page, for any number of workers.
 * @returns {Promise<WebAssembly.Module>}
 */
export function program() {
  compiled ??= compile();
  compiled.catch(() => (compiled = undefined)); // the next one to ask tries again
  return compiled;
}

async function compile() {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    // Hosts that don't know the type are still of use.
    if (response.headers.get("Content-Type") !== "application/wasm") return await WebAssembly.compile(await response.arrayBuffer());
    return await WebAssembly.compileStreaming(response);
  } catch (error) {
    throw new CounterpointError({ code: "network", message: `the engine could not be loaded: ${error.message}` });
  }
}
