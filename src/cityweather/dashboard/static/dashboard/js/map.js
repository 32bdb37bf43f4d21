// The map of the world, which fills with temperatures as results arrive.

import { bdi, byId, darkMode, el, reducedMotion, write } from "./dom.js";
import { ASPECT, toPixels } from "./projection.js";
import { colour, drawLegend } from "./scale.js";
import { units } from "./units.js";
import { degrees, plural } from "./words.js";

const REVEAL = 1.3; // seconds at least in which the points of one answer appear
const REACH = 12; // pixels between the pointer and a city that it names, at most

const land = el("canvas");
const dots = el("canvas");
const tip = el("div", { class: "tip", hidden: true });

let outline = [];
let points = []; // [latitude, longitude, °C, city, x, y]
let drawn = 0; // points drawn so far
let expected = 0; // points at the end of the job; they decide how large a point is
let width = 0; // CSS pixels
let frame = null;
let every = 1; // cities that one point stands for
let coldest = null;
let warmest = null;

export async function startMap() {
  byId("map-canvas").append(land, dots, tip);
  drawLegend(byId("legend"));
  units.addEventListener("change", () => {
    drawLegend(byId("legend"));
    describe();
  });
  new ResizeObserver(fit).observe(byId("map-canvas"));
  darkMode.addEventListener("change", redraw);
  byId("map-canvas").addEventListener("pointermove", point);
  byId("map-canvas").addEventListener("pointerleave", () => (tip.hidden = true));
  const answer = await fetch(document.body.dataset.land);
  outline = (await answer.json()).map(ring);
  redraw();
}

export function clearMap() {
  points = [];
  coldest = warmest = null;
  describe();
  redraw();
}

/** `rows`: [[position, second, latitude, longitude, °C, city], …], every `step`-th of `total`; the next come in `seconds`. */
export function growMap(rows, total, step, seconds) {
  expected = total / step;
  every = step;
  for (const [, , latitude, longitude, temperature, city] of rows) {
    if (latitude === null || longitude === null || temperature === null) continue;
    const one = [latitude, longitude, temperature, city, ...toPixels(longitude, latitude, width)];
    points.push(one);
    if (!coldest || temperature < coldest[2]) coldest = one;
    if (!warmest || temperature > warmest[2]) warmest = one;
  }
  describe();
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(reveal(performance.now(), 1000 * Math.max(REVEAL, seconds)));
}

const reveal = (began, lasting) => {
  const from = drawn;
  return function step(now) {
    const share = reducedMotion.matches || document.hidden ? 1 : Math.min(1, (now - began) / lasting);
    paint(from + Math.ceil((points.length - from) * share));
    frame = drawn < points.length ? requestAnimationFrame(step) : null;
    byId("map-canvas").dataset.drawn = drawn;
  };
};

function ring(steps) {
  let x = 0;
  let y = 0;
  const found = [];
  for (let n = 0; n < steps.length; n += 2) {
    x += steps[n]; // tenths of a degree, each from the one before
    y += steps[n + 1];
    found.push([x / 10, y / 10]);
  }
  return found;
}

function fit() {
  if (byId("map-canvas").clientWidth !== width) redraw();
}

function redraw() {
  width = byId("map-canvas").clientWidth;
  if (!width) return;
  for (const one of points) [one[4], one[5]] = toPixels(one[1], one[0], width);
  for (const canvas of [land, dots]) {
    const density = Math.min(2, devicePixelRatio || 1);
    canvas.width = width * density;
    canvas.height = (width / ASPECT) * density;
    canvas.getContext("2d").setTransform(density, 0, 0, density, 0, 0);
  }
  paintLand();
  drawn = 0;
  if (!frame) paint(points.length);
}

function paintLand() {
  const style = getComputedStyle(byId("map-canvas"));
  const context = land.getContext("2d");
  context.fillStyle = style.getPropertyValue("--land");
  context.strokeStyle = style.getPropertyValue("--coast");
  context.lineWidth = 0.6;
  context.beginPath();
  for (const one of outline) {
    one.forEach(([longitude, latitude], n) => context[n ? "lineTo" : "moveTo"](...toPixels(longitude, latitude, width)));
    context.closePath();
  }
  context.fill();
  context.stroke();
}

function paint(until) {
  const context = dots.getContext("2d");
  const [usual, least] = expected < 400 ? [4.5, 2.6] : expected < 3000 ? [3, 1.8] : [2.1, 1.2];
  const radius = Math.max(least, (width / 1100) * usual);
  const fresh = points.slice(drawn, until);
  drawn += fresh.length;
  // Rings are drawn behind the points, so a crowd gets one ring and keeps its colours.
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = getComputedStyle(byId("map-canvas")).getPropertyValue("--ring");
  for (const [, , , , x, y] of fresh) disc(context, x, y, radius + Math.max(0.7, radius / 5));
  context.globalCompositeOperation = "source-over";
  for (const [, , temperature, , x, y] of fresh) {
    context.fillStyle = colour(temperature);
    disc(context, x, y, radius);
  }
}

function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function describe() {
  const words = byId("map-words");
  if (coldest) {
    const sampled = every > 1 ? ` (one of every ${every})` : "";
    const [low, high] = [coldest, warmest].map(([, , temperature]) => degrees(temperature));
    const cities = `${plural(points.length, "city", "cities")}${sampled}`;
    write(words, `${cities}, from ${low} in `, bdi(coldest[3]), ` to ${high} in `, bdi(warmest[3]));
  } else {
    write(words, "Cities appear here as their temperatures arrive.");
  }
  const label = coldest ? `World map: ${words.textContent}` : "World map, no temperatures yet";
  byId("map-canvas").setAttribute("aria-label", label);
}

function point(event) {
  const box = byId("map-canvas").getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  let best = null;
  let near = REACH * REACH;
  for (const one of points) {
    const distance = (one[4] - x) ** 2 + (one[5] - y) ** 2;
    if (distance < near) [best, near] = [one, distance];
  }
  tip.hidden = !best;
  if (!best) return;
  write(tip, bdi(best[3]), ` ${degrees(best[2])}`);
  tip.style.left = `${Math.min(best[4], width - tip.offsetWidth - 8)}px`;
  tip.style.top = `${best[5]}px`;
}
