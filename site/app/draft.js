import { checkRequest, wantsPictures } from "../lib/request.js";
import { randomSeed } from "./options.js";

// What was being composed, kept from one visit to the next.

const key = "draft";
const fresh = (prompt) => ({ prompt, off: [], request: { seed: randomSeed() } });

/** @param {string} prompt of a first visit */
export function loadDraft(prompt) {
  try {
    const kept = JSON.parse(localStorage.getItem(key));
    if (!kept) return fresh(prompt);
    const { request } = checkRequest({ ...kept.request, prompt: kept.prompt || " " });
    delete request.prompt;
    if (!wantsPictures(request) && !(request.hires > 1)) delete request.strength; // its picture is gone
    return { prompt: String(kept.prompt), off: kept.off.filter(isOff), request };
  } catch {
    return fresh(prompt); // storage is refused, or holds what another version left
  }
}

/** @param {object} state of a recipe */
export function saveDraft(state) {
  try {
    localStorage.setItem(key, JSON.stringify(state));
  } catch {
    // Then the next visit begins anew.
  }
}

function isOff({ at, card }) {
  const fractions = (box) => box === undefined || Object.values(box).every((each) => each >= 0 && each <= 1);
  return Number.isSafeInteger(at) && typeof card.text === "string" && [card.source, card.model].every((each) => ["string", "undefined"].includes(typeof each)) && typeof card.body === "string" && ["term", "group"].includes(card.kind) &&
    Number.isFinite(card.weight) && [card.place, card.region, card.range].every(fractions);
}
