// Which colour a value has: the depth scale of the tokens, one colour more than the layer has limits.
import { token, tokens } from "../tokens.js";

export function palette(layer) {
  const colours = tokens("depth");
  const n = layer.steps.length + 1;
  if (n === 1) return [colours[Math.ceil(colours.length / 2)]]; // a lone class must stand out from what has no data
  const chosen = Array.from({ length: n }, (_, i) => colours[Math.round((i * (colours.length - 1)) / Math.max(1, n - 1))]);
  return layer.reverse ? chosen.reverse() : chosen; // where much is good, the deep colour stands for the little
}

// MapLibre's expression for the fill of the cells
export function fillOf(layer) {
  const shades = palette(layer);
  const step = ["step", ["to-number", ["get", layer.id]], shades[0]];
  layer.steps.forEach((limit, i) => step.push(limit, shades[i + 1]));
  return ["case", ["==", ["get", layer.id], null], token("nothing"), layer.steps.length ? step : shades[0]];
}

// of the heat map, from few to many: it must glow on the dark ground and darken the light one
export const heatColours = () => tokens("heat");

// [{colour, words}] from low to high
export function classes(layer) {
  const limits = [layer.from, ...layer.steps];
  const shown = (value) => value.toLocaleString("en-US", { minimumFractionDigits: layer.digits, maximumFractionDigits: layer.digits });
  return palette(layer).map((colour, i) => ({ colour, words: layer.labels?.[i] ?? `${i ? "≥ " : ""}${shown(limits[i])}` }));
}

export const BANDS = { poor: "poor-fill", possibly: "possibly-fill", stable: "stable-fill", undecided: "unknown-fill" };
