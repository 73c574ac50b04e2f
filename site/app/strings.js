// What the page says.
import { about, bytes, duration } from "./format.js";
import { gridText, startText } from "./strings-making.js";
import { pullsText } from "./strings-pulls.js";
import { storageText } from "./strings-storage.js";

const decimals = (v) => v.toFixed(2);
const stepsOf = ({ steps, stop_after, strength = 1, hires = 1 }) => (stop_after ? `kept after step ${stop_after} of ${Math.floor(steps * strength)}` : `${steps} steps`) +
  (hires > 1 ? `, from ${hires}× smaller` : "") + (strength < 1 ? ` at strength ${strength}` : "");
const minus = (v) => v.toFixed(1).replace("-", "−");
const kinds = { place: "place", region: "region", range: "part of the steps" };
const axes = { x: "across", y: "down", x0: "left edge", x1: "right edge", y0: "top edge", y1: "bottom edge", from: "start", to: "end" };

export const text = {
  ...storageText,
  grid: gridText,
  start: { ...startText, edge: (name) => `Part of the mask: ${axes[name]}` },
  pulls: pullsText,

  starting: "Starting the engine",
  loading: ({ model, loaded, total }) => `Loading the model${model ? ` “${model}”` : ""}: ${bytes(loaded)} of ${bytes(total)}`,
  ready: "Ready",
  readyOnce: (refused) => `Ready. The next visit will have to download again, because ${refused}`,
  reading: "Reading the prompt",
  step: ({ left }) => `Composing${left === undefined ? "" : `: ${about(left)} left`}`,
  verifying: ({ left }) => `Checking the concepts${left === undefined ? "" : `: ${about(left)} left`}`,
  decoding: "Drawing the picture",
  done: ({ elapsed, request }) => `Done in ${duration(elapsed)}${request.stop_after ? `, ${stepsOf(request)}` : ""}`,
  cancelled: "Cancelled",
  failed: "Stopped by an error",
  lost: ({ step }) => `The GPU was lost${step ? ` after step ${step}` : ""}: opening it again to go on`,

  again: "Try again",
  onCPU: "Use the CPU",
  reload: "Reload the page",

  settings: {
    seed: "Seed", steps: "Steps", batch: "Pictures", width: "Width", height: "Height", hires: "Hires. fix", guidance_scale: "Guidance scale", reach: "Reach of a place", negation: "Kind of NOT",
    sampler: "Sampler", scheduler: "Scheduler", corrector: "Corrector", corrector_moves: "Moves a level", verify: "Check concepts", best_of: "Best of", strength: "Strength",
  },
  groups: {
    size: ["Size", "Hires. fix makes the picture so many times smaller first, and begins with that, enlarged: for pictures larger than those a model was made for."],
    guidance: ["Guidance", "How strongly the concepts pull, how far around its place a thing does so, and how NOT pushes away."],
    sampling: ["Sampling", "A corrector makes moves at each noise level, each at the price of a step, tested ones of two."],
    checking: ["Checking", "Whether each concept is in the picture. Looking again costs eight more evaluations a concept. Best of makes so many candidates and keeps the one whose weakest concept holds most clearly."],
  },
  choices: {
    hires: { "": "Model’s own", 1: "No", 1.5: "1.5×", 2: "2×", 3: "3×", 4: "4×" },
    reach: { "-1": "Everywhere", 0.1: "0.1 sides", 0.2: "0.2 sides", 0.3: "0.3 sides", 0.5: "0.5 sides" },
    negation: { signed: "Signed", perp: "Perpendicular", gated: "Gated" },
    scheduler: { "": "Model’s own", leading: "Leading", trailing: "Trailing", linspace: "Linspace", karras: "Karras", exponential: "Exponential" },
    corrector: { none: "None", ula: "Langevin (ULA)", mala: "Langevin, tested (MALA)", uhmc: "Hamiltonian (UHMC)", hmc: "Hamiltonian, tested (HMC)" },
    verify: { "": "No", fresh: "Look again", cached: "Along the run" },
  },

  suggestions: "Words the model knows",
  words: { unknown: (word) => `The model does not know “${word}”`, meant: ". Did you mean ", named: (word) => `No model is named “${word}”, so that is text.`, where: ` ${storageText.storage.where}` },
  also: (name, value) => `${name.replaceAll("_", " ")}: ${String(value).replace(/^(.{40}).+/s, "$1…")}`,
  alsoRemove: (name) => `Back to the model’s ${name.replaceAll("_", " ")}`,

  cards: {
    waiting: "The concepts appear here as cards once the engine has started.",
    none: "No concepts yet: write a prompt, or add one here.",
    stale: "These are the cards from before: what is set now can’t be read yet.",
  },
  card: {
    name: (i, { model, text, not }, on) => `Concept ${i + 1}: ${not ? "not " : ""}${model ? `${model}: ` : ""}${text}${on ? "" : ", switched off"}`,
    text: (i) => `Concept ${i + 1}`,
    on: (i) => `Concept ${i + 1} is on`,
    remove: (i) => `Remove concept ${i + 1}`,
    weight: (i) => `Weight of concept ${i + 1}`,
    weightLabel: "Weight",
    field: (i, kind, name) => `Concept ${i + 1}, ${kinds[kind]}: ${axes[name]}`,
    press: (i, kind) => `Concept ${i + 1} has a ${kinds[kind]}`,
    pressNot: (i) => `Not concept ${i + 1}`,
    short: { x: "x", y: "y", x0: "x", x1: "to", y0: "y", y1: "to", from: "steps", to: "to" },
    drag: "Drag onto the picture",
    not: "Not",
    notHelp: "Push the picture away from this concept",
    place: "Place",
    placeHelp: "Put it somewhere on the picture",
    region: "Region",
    regionHelp: "Let it count in a part of the picture alone",
    range: "Steps",
    rangeHelp: "Let it count in a part of the run alone",
    group: "A group with choices or brackets: its words are edited in the prompt.",
  },
  board: {
    marker: (i, { text }, { x, y }, drawn) => `${i + 1} ${text}, ${decimals(x)} across, ${decimals(y)} down${drawn ? ", placed by the seed" : ""}`,
    draw: ({ text }) => `Draw the region of “${text}”`,
  },
  verdicts: {
    label: "Whether the concepts are in the picture",
    mark: (holds) => (holds ? "Holds:" : "Does not hold:"),
    concept: ({ text, not }) => (not ? `not ${text}` : text),
    score: ({ score }) => minus(score),
    explain: ({ text, not, score, nats }) => `The model ${score > 0 ? "finds" : "does not find"} “${text}” in the picture${not && score > 0 ? ", which was not wanted" : ""}. ` +
      `1 is what pictures of it have on average; this one has ${minus(score)} (${minus(nats)} nats).`,
    help: "The model’s own judgement: about 1 or more where it finds the concept, about −1 where it does not.",
  },
  gallery: { pick: (i) => `Show picture ${i + 1}` },
  fileName: ({ seed }, plain) => (plain ? "counterpoint.png" : `counterpoint-${seed}.png`),
  share: {
    image: "The picture is copied; a copy has no recipe inside, the PNG has",
    link: "The link is copied: its recipe stands behind “#”, which no server sees",
    refused: ({ message }) => `The browser did not copy it: ${message}`,
  },
  restore: {
    done: "The recipe is restored",
    failed: ({ message }) => `No recipe could be read: ${message}`,
    large: "the file is larger than any picture of this program",
    unknown: (names) => `Its recipe also says what this version does not know: ${names.join(", ")}`,
    image: "It begins with a picture, which is missing here: a recipe holds no more than its hash",
    model: ({ name, hash }) => `It was made by another model, ${name} (${hash})`,
    named: ({ as, name, hash }) => `Its prompt names a model that is not open, “${as}”: ${name} (${hash}). ${storageText.storage.where}`,
    from: (request) => `From its file${request.seed === undefined ? "" : `: seed ${request.seed}, ${stepsOf(request)}`}`,
    other: "Another program made it: its prompt and numbers are taken over, its model and sampler are not",
  },
  history: {
    none: "Pictures you make are kept here, in this browser alone.",
    here: (count) => `${count === 1 ? "One picture" : `${count} pictures`}, in this browser alone.`,
    off: "New pictures are not kept.",
    open: (prompt, seed) => `Restore ${prompt}, seed ${seed}`,
    remove: "Delete",
    removeOf: (prompt, seed) => `Delete ${prompt}, seed ${seed}`,
    clear: "Delete all",
    confirm: "Press again to delete all",
    refused: ({ message }) => `The browser keeps no pictures: ${message}`,
  },
  keys: [
    [["Ctrl", "Enter"], "Generate; during a run, begin anew"],
    [["Ctrl", "Shift", "Enter"], "Generate with another seed"],
    [["Alt", "Enter"], "Keep this: stop at the present step, and draw the picture as it is"],
    [["Esc"], "Cancel"],
    [["Ctrl", "↑"], "In the prompt: more weight for the concept at the cursor"],
    [["Ctrl", "↓"], "Less weight"],
    [["Ctrl", "Z"], "Undo; with Shift, redo"],
    [["Ctrl", "S"], "Save the picture"],
    [["←", "↑", "→", "↓"], "On a marker: move it; with Shift, farther"],
    [["Delete"], "On a marker: take the place away"],
    [["←", "→"], "On a picture of several: the one before, the next"],
    [["Ctrl", "/"], "This list"],
  ],

  made: ({ seed, request, model, elapsed, accepted, effective }) => `Seed ${seed}, ${stepsOf(request)}, ${request.width}×${request.height}, by ${model.name} in ${duration(elapsed)}` +
    (accepted === undefined ? "" : `, ${Math.round(100 * accepted)} % of the moves accepted`) +
    (effective === undefined ? "" : `, at least ${effective.toFixed(1)} particles in effect`),
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
  model: ({ as, name, profile, hash, weight_bytes }) => `${as ? `${as}: ` : ""}${name}, ${profile}, ${bytes(weight_bytes)} on the device (${hash.slice(0, 10)})`,
  loaded({ network, storage, kept, mended, refused }) {
    const from = [];
    if (network) from.push(`${bytes(network)} from the network`);
    if (storage) from.push(`${bytes(storage)} from this browser’s storage`);
    const parts = [from.join(" and ") || "nothing yet"];
    if (refused) parts.push(`${kept ? "not all" : "nothing"} is kept, because ${refused}: the next visit will download ${kept ? "the rest" : "it"} again`);
    else if (network) parts.push("kept for the next visit");
    if (mended) parts.push("what was damaged in storage was fetched anew");
    return `${parts.join("; ")}.`;
  },
};
