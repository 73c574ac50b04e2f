// A Web Worker with an engine: the first message is the compiled program, all others are the session protocol's, which the
// program itself receives and sends (engine/session/PROTOCOL.md).
import "./dist/wasm_exec.js";
import "./gpu.js";

addEventListener("message", async ({ data: module }) => {
  const output = keepOutput();
  const go = new Go();
  let fault;
  try {
    await go.run(await WebAssembly.instantiate(module, go.importObject)); // returns only after a fault
  } catch (error) {
    fault = error.message;
  }
  const [reason] = output().trim().split("\n"); // of a panic, what follows says where
  const message = `the engine stopped: ${fault ?? (reason || "it gave no reason")}`;
  postMessage({ head: JSON.stringify({ type: "error", code: "internal", message }) });
}, { once: true });

/** Keeps the beginning of what the program prints, which is about its end; it goes to the console too. */
function keepOutput() {
  const most = 500;
  const decoder = new TextDecoder();
  let kept = "";
  const write = fs.writeSync;
  fs.writeSync = (fd, bytes) => {
    if (kept.length < most) kept += decoder.decode(bytes, { stream: true });
    return write.call(fs, fd, bytes);
  };
  return () => kept.slice(0, most);
}
