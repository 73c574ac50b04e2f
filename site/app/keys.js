import { byId, element } from "./element.js";
import { text } from "./strings.js";

/**
 * The keys of the whole page, and the list of all keys.
 * @param {{generate: () => void, another: () => void, cancel: () => void, keep: () => void, save: () => void, undo: () => void, redo: () => void}} run
 */
export function listenToKeys(run) {
  const dialog = byId("keys");
  byId("keys-list").replaceChildren(...text.keys.flatMap(([keys, what]) => [
    element("dt", {}, ...keys.map((key) => element("kbd", {}, key))), element("dd", {}, what),
  ]));
  byId("show-keys").addEventListener("click", () => dialog.showModal());
  byId("hide-keys").addEventListener("click", () => dialog.close());
  addEventListener("keydown", (event) => {
    if (dialog.open) return;
    if (event.key === "Escape") run.cancel();
    if (event.key === "Enter" && event.altKey) run.keep();
    if (!event.ctrlKey && !event.metaKey || event.altKey) return;
    if (event.target === byId("new-card") && /^[zy]$/i.test(event.key)) return; // it is no part of the recipe yet
    const act = {
      Enter: event.shiftKey ? run.another : run.generate,
      s: run.save,
      z: event.shiftKey ? run.redo : run.undo,
      y: run.redo,
      "/": () => dialog.showModal(),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
