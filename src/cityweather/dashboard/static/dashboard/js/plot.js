// The plot of rows counted a second over the time of a job.

import { byId, darkMode, show, write } from "./dom.js";
import { count, decimal, duration, ended } from "./words.js";

const BARS = 50; // at most, about
const WIDTHS = [0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400]; // seconds
const HEIGHT = 180; // pixels

let moments = []; // [seconds since the job started, rows]
let cached = 0; // rows that the cache answered; their answers are older than the job
let plot = null;
let drawing = null;
let job = null;

export function startPlot() {
  new ResizeObserver(() => plot?.setSize(size())).observe(byId("plot"));
  darkMode.addEventListener("change", () => {
    plot?.destroy();
    plot = null;
    draw();
  });
}

export function clearPlot() {
  moments = [];
  cached = 0;
  plot?.destroy();
  plot = null;
  write(byId("plot-words"), "");
}

/** Add points, each of which stands for `step` rows. */
export function growPlot(points, step, of) {
  job = of;
  const start = job.started_at ? (new Date(job.started_at) - new Date(job.created_at)) / 1000 : 0;
  for (const [, second] of points) {
    if (second === null) continue;
    if (second < start - 0.5) cached += step;
    else moments.push([Math.max(0, second - start), step]);
  }
  drawing ??= requestAnimationFrame(draw);
}

function draw() {
  drawing = null;
  if (!job) return;
  const [times, rates, width] = bars();
  const peak = Math.max(0, ...rates.filter(Number.isFinite));
  const few = times.length < 5;
  const words = [few ? "Too short for a plot." : `Peak ${decimal(peak)} cities a second, in steps of ${short(width)}.`];
  if (cached) words.push(`${count(cached)} came from the cache.`);
  write(byId("plot-words"), words.join(" "));
  byId("plot").setAttribute("aria-label", `Cities a second over time. ${words.join(" ")}`);
  show(byId("plot"), !few);
  if (few) return;
  plot ??= new window.uPlot(options(), [[], []], byId("plot"));
  plot.setSize(size());
  plot.setData([times, rates]);
}

const short = (seconds) => (seconds < 10 ? `${decimal(seconds)} s` : duration(seconds));

/** [times, rates, width of a bar in seconds]; without the last bar of a running job, which still grows. */
function bars() {
  const span = Math.max(0, ...moments.map(([second]) => second));
  const width = WIDTHS.find((one) => span / one <= BARS) ?? span / BARS;
  const rows = new Array(Math.floor(span / width) + 1).fill(0);
  for (const [second, number] of moments) rows[Math.floor(second / width)] += number;
  if (!ended(job)) rows.pop();
  const rates = rows.map((number) => number / width);
  rates.push(rates.at(-1)); // the end of the last bar
  return [rates.map((_, n) => Math.round(n * width * 10) / 10), rates, width];
}

const size = () => ({ width: Math.max(200, byId("plot").clientWidth), height: HEIGHT });

function options() {
  const style = getComputedStyle(byId("plot"));
  const [line, fill, text, grid] = ["--accent", "--accent-soft", "--soft", "--edge"].map((name) => style.getPropertyValue(name));
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}` };
  return {
    ...size(),
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.08)] } },
    axes: [
      { ...axis, values: (_, marks) => marks.map(short), space: 70, size: 34 },
      { ...axis, values: (_, marks) => marks.map((mark) => count(mark)), size: 56 },
    ],
    series: [{}, { stroke: line, fill, width: 1.5, points: { show: false }, paths: window.uPlot.paths.stepped({ align: 1 }) }],
  };
}
