// The recipe's fields as they come from outside: a link, a picture's file, the browser's storage. The engine checks what they
// mean; here only that each is of its type, and short.

const integer = (value) => Number.isSafeInteger(value) && value >= 0;
const number = (value) => Number.isFinite(value);
const word = (value) => typeof value === "string" && value.length <= 40;
const text = (value) => typeof value === "string" && value.length <= 1 << 16;

/** By name, what a field may hold (PROTOCOL.md, "Request"). */
const fields = {
  prompt: text, negative_prompt: text, seed: integer, steps: integer, stop_after: integer, guidance_scale: number, max_guidance: number,
  negation: word, guidance_rescale: number, places: word, sampler: word, scheduler: word, corrector: word, corrector_moves: integer,
  corrector_step: number, corrector_until: number, eta: number, width: integer, height: integer, batch: integer,
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
export const fieldOf = (name, written) => (fields[name] === integer || fields[name] === number ? (written.trim() === "" ? NaN : Number(written)) : written);
