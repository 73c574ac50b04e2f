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
 * @param {{progress: object, gallery: object, pulls: object, device: (evaluations: number) => void}} page
 * @returns {Promise<{pictures: import("./picture.js").Made[], done: object}>}
 * @throws {CounterpointError} or the signal's reason
 */
export async function make(signal, engine, { prompt, request }, { progress, gallery, pulls, device }) {
  const { evaluations, rows, request: { batch, verify } } = await engine.explain(prompt, request);
  progress.tell("reading", text.reading);
  const pace = new Pace();
  const run = gallery.begin(batch);
  const pictures = [];
  const maps = []; // of each candidate
  try {
    for await (const event of engine.stream(prompt, { signal, ...pulls.options, ...request })) {
      switch (event.type) {
        case "event":
          pace.note(event);
          if (event.phase === "encoding") device(evaluations);
          else tell(progress, event, verify === "fresh");
          break;
        case "preview":
          run.preview(event.index, event.pixels);
          break;
        case "maps":
          (maps[event.index] ??= new Maps(rows)).add(event);
          if (event.index === 0) pulls.during(maps[0]);
          break;
        case "picture":
          pictures.push({ blob: event.blob, url: URL.createObjectURL(event.blob), seed: event.seed, places: event.places, lifts: event.lifts });
          run.add(pictures.at(-1));
          break;
        case "done":
          pace.remember(engine.device, evaluations);
          device(evaluations);
          for (const picture of pictures) {
            Object.assign(picture, {
              request: ofPicture(event.request, picture.seed), rows: event.rows, maps: maps[picture.seed - event.request.seed], notes: event.warnings.map(text.warning),
              made: text.made({ ...event, seed: picture.seed }), verdicts: verdictsOf(event.rows, picture.lifts),
            });
          }
          await run.keep();
          return { pictures, done: event };
      }
    }
  } catch (error) {
    run.drop();
    pulls.during();
    throw error;
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
