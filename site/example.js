import { Counterpoint } from "./counterpoint.js";

const [form, bar, said, image] = ["form", "progress", "output", "img"].map((name) => document.querySelector(name));
const opening = Counterpoint.from_pretrained("model/", { progress_callback: ({ progress = 0 }) => (bar.value = progress / 100) });
form.onsubmit = async (event) => {
  event.preventDefault();
  form.stop.click(); // a run before this one
  const run = new AbortController();
  form.stop.onclick = () => run.abort();
  try {
    for await (const event of (await opening).stream(form.prompt.value, { signal: run.signal })) {
      if (event.type === "event") bar.value = event.step / event.steps;
      if (event.type === "picture") Object.assign(image, { src: URL.createObjectURL(event.blob), alt: form.prompt.value });
      if (event.type === "done") said.value = `Seed ${event.request.seed}, ${event.elapsed.toFixed(1)} s`;
    }
  } catch (error) {
    said.value = error.message;
  }
};
