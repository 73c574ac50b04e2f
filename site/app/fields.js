import { element } from "./element.js";
import { icon } from "./icons.js";

// Small controls that cards are made of. Each has show(value), which leaves alone what a person sees already.

/** A number field. @param {(value: number) => void} set called with each valid value */
export function numberField(label, { min, max, step }, set) {
  const input = element("input", { type: "number", min, max, step: "any", ariaLabel: label, inputMode: "decimal" });
  input.addEventListener("input", () => input.validity.valid && input.value !== "" && set(input.valueAsNumber));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown" || event.ctrlKey) return;
    event.preventDefault(); // a step of "any" would be 1
    const to = (input.valueAsNumber || 0) + (event.key === "ArrowUp" ? step : -step);
    input.value = Math.min(max, Math.max(min, Number(to.toFixed(4))));
    set(input.valueAsNumber);
  });
  return { input, show: (value) => input.valueAsNumber !== value && (input.value = value) };
}

/** A button that is pressed or not. */
export function toggleButton(name, label, text, run) {
  const button = element("button", { type: "button", className: `toggle ${name}`, title: label, onclick: run }, icon(name), text);
  return {
    button,
    show(pressed, label) {
      button.ariaPressed = String(pressed);
      button.ariaLabel = label;
    },
  };
}
