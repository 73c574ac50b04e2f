import { previewEvery } from "./options.js";
import { Pace } from "./pace.js";
import { text } from "./strings.js";

/**
 * Makes the pictures of a recipe, and tells how far they are.
 * @param {AbortSignal} signal
 * @param {object} engine a Counterpoint
 * @param {{prompt: string, request: object}} recipe
 * @param {{progress: object, gallery: object, device: (evaluations: number) => void}} page
 * @returns {Promise<{pictures: import("./picture.js").Made[], done: object}>}
 * @throws {CounterpointError} or the signal's reason
 */
export async function make(signal, engine, { prompt, request }, { progress, gallery, device }) {
  const { evaluations, request: { batch } } = await engine.explain(prompt, request);
  progress.tell("reading", text.reading);
  const pace = new Pace();
  const run = gallery.begin(batch);
  const pictures = [];
  try {
    for await (const event of engine.stream(prompt, { signal, preview_every: previewEvery, ...request })) {
      switch (event.type) {
        case "event":
          pace.note(event);
          if (event.phase === "encoding") device(evaluations);
          else tell(progress, event);
          break;
        case "preview":
          run.preview(event.index, event.pixels);
          break;
        case "picture":
          pictures.push({ blob: event.blob, url: URL.createObjectURL(event.blob), seed: event.seed, places: event.places });
          run.add(pictures.at(-1));
          break;
        case "done":
          pace.remember(engine.device, evaluations);
          device(evaluations);
          for (const picture of pictures) {
            Object.assign(picture, {
              request: { ...event.request, seed: picture.seed, batch: 1 }, rows: event.rows, notes: event.warnings.map(text.warning),
              made: text.made({ ...event, seed: picture.seed }),
            });
          }
          await run.keep();
          return { pictures, done: event };
      }
    }
  } catch (error) {
    run.drop();
    throw error;
  }
}

function tell(progress, event) {
  const { phase, step, steps, elapsed, left } = event;
  const fraction = left === undefined ? step / steps : elapsed / (elapsed + left);
  if (phase === "decoding" || step === steps) return progress.tell("decoding", text.decoding, { fraction });
  const known = left === undefined ? "composing" : "composing, with an estimate"; // which is news
  progress.tell(known, text.step(event), { fraction, count: `${step} / ${steps}` });
}
