// What the page says.
import { about, bytes, duration } from "./format.js";

export const text = {
  starting: "Starting the engine",
  loading: ({ loaded, total }) => `Loading the model: ${bytes(loaded)} of ${bytes(total)}`,
  ready: "Ready",
  reading: "Reading the prompt",
  step: ({ left }) => `Composing${left === undefined ? "" : `: ${about(left)} left`}`,
  decoding: "Drawing the picture",
  done: ({ elapsed }) => `Done in ${duration(elapsed)}`,
  cancelled: "Cancelled",
  failed: "Stopped by an error",

  again: "Try again",
  onCPU: "Use the CPU",
  reload: "Reload the page",

  made: ({ request: { seed, steps, width, height }, model, elapsed }) =>
    `Seed ${seed}, ${steps} steps, ${width}×${height}, by ${model.name} in ${duration(elapsed)}`,
  error: ({ column, message }) => (column ? `column ${column}: ${message}` : message),
  warning: ({ column, message, hint }) => `Column ${column}: ${message}${hint ? ` (${hint})` : ""}`,

  device({ name, adapter, why, helpers }, seconds) {
    const kind = name === "cpu" ? "CPU" : adapter.endsWith(", software)") ? "WebGPU on the CPU" : "GPU";
    const device = `${kind}: ${adapter}${helpers ? `, ${helpers + 1} workers` : ""}`;
    const pace = seconds ? `a picture like this takes ${about(seconds)}`
      : "how long a picture takes will show after its second step";
    const insecure = isSecureContext ? "" : " Browsers give WebGPU and storage only to pages from https or from this machine.";
    return `${why ? `${device}, because ${why}` : device}; ${pace}.${insecure}`;
  },
  model: ({ name, profile, hash, weight_bytes }) => `${name}, ${profile}, ${bytes(weight_bytes)} on the device (${hash.slice(0, 10)})`,
  loaded({ network, storage, mended, refused }) {
    const from = [];
    if (network) from.push(`${bytes(network)} from the network`);
    if (storage) from.push(`${bytes(storage)} from this browser’s storage`);
    const parts = [from.join(" and ") || "nothing yet"];
    if (refused) parts.push(`nothing is kept for the next visit, because ${refused}`);
    else if (network) parts.push("kept for the next visit");
    if (mended) parts.push("what was damaged in storage was fetched anew");
    return `${parts.join("; ")}.`;
  },
};
