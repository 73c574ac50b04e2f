// The text that AUTOMATIC1111's web UI and its kin write into a PNG file: prompt, negative prompt, and a last line of settings.
// Of the settings, those that mean the same here are read (CFG scale, Seed, Size, Steps).

const setting = /\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/g;

/** @param {string} text  @returns {object} a request, unchecked */
export function parseParameters(text) {
  const lines = text.trim().split("\n");
  const found = [...lines.at(-1).matchAll(setting)];
  const settings = new Map(found.length < 3 ? [] : found.map(([, name, value]) => [name, value]));
  const [prompt, negative_prompt] = (settings.size ? lines.slice(0, -1) : lines).join("\n").split(/^Negative prompt: ?/m).map((part) => part.trim());
  const [width, height] = settings.get("Size")?.split("x").map(Number) ?? [];
  const number = (name) => (settings.has(name) ? Number(settings.get(name)) : undefined);
  const request = { prompt, negative_prompt, seed: number("Seed"), steps: number("Steps"), guidance_scale: number("CFG scale"), width, height };
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined && value !== ""));
}
