// What a person can set, as data: the form, the request and the address are made from it.

/** The largest seed: every integer up to it is exact in JavaScript and JSON. */
export const maxSeed = Number.MAX_SAFE_INTEGER;

/** A random seed, short enough to be typed again. */
export const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

/**
 * name: of the request's field. random: makes a value, for a button beside it. group: under "More settings", there a field may
 * be empty. slide: the step of a slider. choices: the model's list of that name, or else values, with names in text.choices. absent: what the engine takes where neither
 * recipe nor model says.
 */
export const options = [
  { name: "seed", min: 0, max: maxSeed, random: { label: "Random seed", make: randomSeed } },
  { name: "steps", min: 1, max: 1000 },
  { name: "batch", min: 1, max: 16 },
  { name: "width", min: 8, max: 1024, group: "size" },
  { name: "height", min: 8, max: 1024, group: "size" },
  { name: "hires", choices: ["", 1, 1.5, 2, 3, 4], absent: "", group: "size" },
  { name: "guidance_scale", min: -100, max: 100, any: true, group: "guidance" },
  { name: "reach", choices: [-1, 0.1, 0.2, 0.3, 0.5], absent: -1, group: "guidance" },
  { name: "negation", choices: ["signed", "perp", "gated"], absent: "signed", group: "guidance" },
  { name: "sampler", choices: "samplers", group: "sampling" },
  { name: "scheduler", choices: ["", "leading", "trailing", "linspace", "karras", "exponential"], absent: "", group: "sampling" },
  { name: "corrector", choices: ["none", "ula", "mala", "uhmc", "hmc"], absent: "none", group: "sampling" },
  { name: "corrector_moves", min: 1, max: 100, absent: 5, group: "sampling" },
  { name: "verify", choices: ["", "fresh", "cached"], absent: "", group: "checking" },
  { name: "best_of", min: 1, max: 64, absent: 1, group: "checking" },
  { name: "strength", min: 0.05, max: 1, slide: 0.05, absent: 0.8, group: "start" },
];

export const examples = [
  "a red cube AND a blue sphere",
  "a green cone @(0.25, 0.65) AND a white house @(0.75, 0.65)",
  "a purple car AND a green tree AND on snow",
  "a blue cylinder left of a red sphere AND on grass",
  "a small yellow sphere AND (a red cube OR a cyan cone) AND NOT a tree",
];

/** Steps from one preview to the next, and from map to map. */
export const previewEvery = 2;
