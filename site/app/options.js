// What a person can set, as data: the form, the request and the address are made from it.

/** The largest seed: every integer up to it is exact in JavaScript and JSON. */
export const maxSeed = Number.MAX_SAFE_INTEGER;

/** A random seed, short enough to be typed again. */
export const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

/**
 * name: of the request's field. random: makes a value, for a button beside it. Where value is absent, the model's own is
 * taken. more: under "More". choices: the model's list of that name.
 */
export const options = [
  { name: "seed", label: "Seed", min: 0, max: maxSeed, random: { label: "Random seed", make: randomSeed } },
  { name: "steps", label: "Steps", min: 1, max: 1000 },
  { name: "batch", label: "Pictures", min: 1, max: 16 },
  { name: "guidance_scale", label: "Guidance", min: -100, max: 100, any: true, more: true },
  { name: "width", label: "Width", min: 8, max: 1024, more: true },
  { name: "height", label: "Height", min: 8, max: 1024, more: true },
  { name: "sampler", label: "Sampler", choices: "samplers", more: true },
];

export const examples = [
  "a red cube AND a blue sphere",
  "a green cone @(0.25, 0.65) AND a white house @(0.75, 0.65)",
  "a purple car AND a green tree AND on snow",
  "a blue cylinder left of a red sphere AND on grass",
  "a small yellow sphere AND (a red cube OR a cyan cone) AND NOT a tree",
];

/** Steps from one preview to the next. */
export const previewEvery = 2;
