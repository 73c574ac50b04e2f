import { text } from "./strings.js";

// What can be done about an error, by its code: the name of one of the controller's ways on. Where none is named, the prompt or
// a setting is to be mended.
const ways = {
  network: "open",
  missing_shard: "open",
  corrupt_shard: "open",
  unknown_model: "open",
  no_model: "open",
  internal: "open",
  closed: "open",
  version: "reload",
  peer_lost: "generate",
  device_lost: "onCPU", // it was opened again before
  no_device: "onCPU",
};

const labels = { open: text.again, generate: text.again, onCPU: text.onCPU, reload: text.reload };

/**
 * @param {Error} error
 * @param {{open: () => void, generate: () => void, onCPU: () => void, reload: () => void}} run the ways on
 * @returns {{label: string, run: () => void}|undefined} a button's text and what it does
 */
export function wayOn(error, run) {
  const way = error.code ? ways[error.code] : "open";
  return way && { label: labels[way], run: run[way] };
}
