import { Maps } from "../lib/maps.js";
import { ofPicture } from "../lib/request.js";
import { Pace } from "./pace.js";
import { text } from "./strings.js";
import { verdictsOf } from "./verdicts.js";

/**
 * Makes the pictures of a recipe, and tells how far they are.
 * @param {AbortSignal} signal
 * @param {object} engine a Counterpoint
 * @param {{prompt: string, request: object}} recipe
 * @param {{progress: object, gallery: object, pulls: object, device: (evaluations: number) => void, keep: AbortSignal, inputs?: object}}
 *   page inputs: pictures to begin with
 * @returns {Promise<{pictures: import("./picture.js").Made[], done: object}>}
 * @throws {CounterpointError} or the signal's reason
 */
export async function make(signal, engine, recipe, { progress, gallery, pulls, device, keep, inputs }) {
  const { evaluations, rows, request: { batch, verify } } = await engine.explain(recipe.prompt, recipe.request);
  progress.tell("reading", text.reading);
  const pace = new Pace();
  const run = gallery.begin(batch);
  const maps = []; // of each candidate
  try {
    const made = await compose(signal, engine, recipe, { keep, ...pulls.options }, inputs, {
      event(event) {
        pace.note(event);
        if (event.phase === "encoding") device(evaluations);
        else tell(progress, event, verify === "fresh");
      },
      preview: ({ index, pixels }) => run.preview(index, pixels),
      maps(event) {
        (maps[event.index] ??= new Maps(rows)).add(event);
        if (event.index === 0) pulls.during(maps[0]);
      },
      picture: (picture) => run.add(picture),
    });
    pace.remember(engine.device, evaluations);
    device(evaluations);
    for (const picture of made.pictures) picture.maps = maps[picture.seed - made.done.request.seed];
    await run.keep();
    return made;
  } catch (error) {
    run.drop();
    pulls.during();
    throw error;
  }
}

/**
 * Makes the pictures of a grid, one after another, and tells how far all of it is. Those that are made are kept, however it ends.
 * @param {{cells: {prompt: string, request: object}[]}} grid row by row
 * @returns {Promise<{pictures: import("./picture.js").Made[], error?: Error}>}
 */
export async function makeGrid(signal, engine, grid, { progress, gallery, pulls, inputs }) {
  progress.tell("reading", text.reading);
  const costs = [];
  for (const { prompt, request } of grid.cells) costs.push((await engine.explain(prompt, { signal, ...request })).evaluations);
  const all = costs.reduce((sum, each) => sum + each);
  const run = gallery.begin(costs.length, grid);
  const pictures = [];
  const { preview_every } = pulls.options;
  const start = performance.now();
  let [before, error] = [0, undefined];
  try {
    for (const [i, cell] of grid.cells.entries()) {
      const tell = ({ phase, step, steps, left }) => {
        const fraction = (before + costs[i] * (phase === "denoising" ? step / steps : phase === "encoding" ? 0 : 1)) / all;
        const known = i || left !== undefined; // the first step pays for what is prepared once
        const seconds = known && (performance.now() - start) / 1000 * (1 / fraction - 1);
        progress.tell("grid", text.grid.making(i, costs.length, seconds), { fraction, count: `${i + 1} / ${costs.length}` });
      };
      const { pictures: [made] } = await compose(signal, engine, cell, { preview_every }, inputs, {
        event: tell,
        preview: ({ pixels }) => run.preview(i, pixels),
        picture() {},
      });
      run.add(made);
      pictures.push(made);
      before += costs[i];
    }
  } catch (reason) {
    error = reason;
  }
  if (pictures.length) await run.keep();
  else run.drop();
  return { pictures, error };
}

/** Makes pictures, and says of each what is known of it; on is called along the way, by the type of the engine's message. */
async function compose(signal, engine, { prompt, request }, options, inputs, on) {
  const pictures = [];
  for await (const event of engine.stream(prompt, { signal, ...options, ...inputs, ...request })) {
    const { type, blob, seed, places, lifts } = event;
    if (type === "picture") {
      pictures.push({ blob, url: URL.createObjectURL(blob), seed, places, lifts });
      on.picture(pictures.at(-1));
    } else if (type === "done") {
      for (const picture of pictures) {
        Object.assign(picture, {
          request: ofPicture(event.request, picture.seed), inputs, rows: event.rows, models: event.models, notes: event.warnings.map(text.warning),
          made: text.made({ ...event, seed: picture.seed }), verdicts: verdictsOf(event.rows, picture.lifts),
        });
      }
      return { pictures, done: event };
    } else {
      on[type]?.(event);
    }
  }
}

function tell(progress, event, verified) {
  const { phase, step, steps, elapsed, left } = event;
  const fraction = left === undefined ? step / steps : elapsed / (elapsed + left);
  const next = step < steps ? phase : phase === "denoising" && verified ? "verifying" : "decoding"; // the event's is done
  if (next === "decoding") return progress.tell("decoding", text.decoding, { fraction });
  if (next === "verifying") return progress.tell("verifying", text.verifying(event), { fraction });
  const known = left === undefined ? "composing" : "composing, with an estimate"; // which is news
  progress.tell(known, text.step(event), { fraction, count: `${step} / ${steps}` });
}
