// Temperature → colour: plasma by Smith and van der Walt (CC0). Its lightness always rises, so it can be read without
// seeing hues.

import { isImperial, toCelsius } from "./units.js";
import { degrees } from "./words.js";

const STOPS = "0d0887 350498 5302a3 6f00a8 8b0aa5 a31e9a b83289 cc4778 db5c68 e97158 f48849 fba238 febd2a fada24 f0f921";
const COLOURS = STOPS.split(" ").map((text) => [0, 2, 4].map((at) => parseInt(text.slice(at, at + 2), 16)));

const COLDEST = -20; // °C; colder ones look the same
const WARMEST = 40;

const STEPS = { metric: [-20, -10, 0, 10, 20, 30, 40], imperial: [0, 20, 40, 60, 80, 100] }; // in their own degrees

const table = Array.from({ length: WARMEST - COLDEST + 1 }, (_, degree) => mix(degree / (WARMEST - COLDEST)));

export const colour = (temperature) =>
  table[Math.round(Math.min(WARMEST, Math.max(COLDEST, temperature))) - COLDEST];

function mix(share) {
  const at = share * (COLOURS.length - 1);
  const low = Math.min(Math.floor(at), COLOURS.length - 2);
  const parts = COLOURS[low].map((part, n) => Math.round(part + (COLOURS[low + 1][n] - part) * (at - low)));
  return `rgb(${parts.join(" ")})`;
}

/** The scale as a strip with its degrees. */
export function drawLegend(node) {
  const strip = document.createElement("canvas");
  strip.width = table.length;
  strip.height = 1;
  const context = strip.getContext("2d");
  table.forEach((fill, x) => {
    context.fillStyle = fill;
    context.fillRect(x, 0, 1, 1);
  });
  const labels = document.createElement("span");
  labels.className = "degrees";
  const steps = isImperial() ? STEPS.imperial : STEPS.metric;
  for (const step of steps) {
    const label = document.createElement("span");
    const celsius = toCelsius(step);
    label.textContent = step === steps.at(-1) ? degrees(celsius) : String(step).replace("-", "−");
    label.style.left = `${(100 * (celsius - COLDEST)) / (WARMEST - COLDEST)}%`;
    labels.append(label);
  }
  node.setAttribute("aria-label", `Colours from ${degrees(COLDEST)} to ${degrees(WARMEST)}`);
  node.replaceChildren(strip, labels);
}
