// The recipe's fields as they come from outside: a link, a picture's file, the browser's storage. The engine checks what they
// mean; here only that each is of its type, and short.

const integer = (value) => Number.isSafeInteger(value) && value >= 0;
const signed = (value) => Number.isSafeInteger(value);
const number = (value) => Number.isFinite(value);
const flag = (value) => typeof value === "boolean";
const word = (value) => typeof value === "string" && value.length <= 40;
const digest = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const text = (value) => typeof value === "string" && value.length <= 1 << 16;

/** By name, what a field may hold (PROTOCOL.md, "Request"). */
const fields = {
  prompt: text, negative_prompt: text, seed: integer, steps: integer, stop_after: integer, width: integer, height: integer, batch: integer,
  guidance_scale: number, max_guidance: number, guidance_rescale: number, guidance_start: number, guidance_stop: number, cfg_plus_plus: flag,
  apg: flag, apg_eta: number, apg_norm_threshold: number, negation: word, negation_prior: number, negation_max_gate: number,
  particles: flag, particles_clamp: number, resample_below: number, verify: word, best_of: integer, weights: word, places: word, reach: number,
  sampler: word, scheduler: word, eta: number, corrector: word, corrector_moves: integer, corrector_step: number, corrector_until: number,
  image_sha256: digest, mask_image_sha256: digest, strength: number, mask_blur: signed, hires: number,
};

/**
 * @param {unknown} value
 * @returns {{request: object, unknown: string[]}} unknown: names of fields that this version does not have
 * @throws {TypeError}
 */
export function checkRequest(value) {
  if (typeof value !== "object" || value === null) throw new TypeError("the recipe is no object");
  const request = {};
  const unknown = [];
  for (const [name, each] of Object.entries(value)) {
    if (!Object.hasOwn(fields, name)) unknown.push(name.slice(0, 40));
    else if (!fields[name](each)) throw new TypeError(`the recipe's field “${name}” can’t be ${String(JSON.stringify(each)).slice(0, 40)}`);
    else request[name] = each;
  }
  if (!request.prompt) throw new TypeError("the recipe has no prompt");
  return { request, unknown };
}

/** Reads a field's value from text. */
export function fieldOf(name, written) {
  switch (fields[name]) {
    case integer: case signed: case number:
      return written.trim() === "" ? NaN : Number(written);
    case flag:
      return { true: true, false: false }[written] ?? written;
    default:
      return written;
  }
}

/** The recipe of one picture of several, as its file has it (engine/recipe): particles are made together alone. */
export function ofPicture(request, seed) {
  if (request.particles && request.batch > 1) return request;
  const { best_of, ...alone } = request;
  return { ...alone, seed, batch: 1 };
}

/** Whether a recipe begins with pictures, of which it has no more than digests. */
export const wantsPictures = ({ image_sha256, mask_image_sha256 }) => Boolean(image_sha256 || mask_image_sha256);
