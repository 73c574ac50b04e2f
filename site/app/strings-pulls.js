// What the page says of where concepts pull: a part of strings.js.
const named = ({ text, not }) => `${not ? "not " : ""}“${text}”`;
const percent = (at, of) => `${Math.round(100 * (Math.floor(at) + 0.5) / of)} %`;

export const pullsText = {
  over: (card) => `Where ${named(card)} pulls`,
  where: (card, strongest, { width, height }) => `${pullsText.over(card)}: most at ${percent(strongest % width, width)} across, ${percent(strongest / width, height)} down`,
  alone: ({ text, not }) => (not ? `What is driven off as “${text}”` : `What “${text}” adds`),
  turn: "Where it pulls, or what it adds",
};
