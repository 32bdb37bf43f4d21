// The job that is shown. Its head is drawn here, its parts by their own modules.

import { drawActions } from "./actions.js";
import { drawBar, inWords, left, took } from "./bar.js";
import { announce, bdi, byId, el, isolated, show, write } from "./dom.js";
import { Failures } from "./failures.js";
import { key } from "./key.js";
import { clearMap, growMap } from "./map.js";
import { clearPlot, growPlot } from "./plot.js";
import { Points } from "./points.js";
import { showRejected } from "./rejected.js";
import { results } from "./results.js";
import { drawFresh } from "./schedules.js";
import { choose, find, isKnown, store } from "./store.js";
import { drawStory, startStory } from "./story.js";
import { count, decimal, ended, fetches, jobName, moment, notice, plural, state } from "./words.js";

let shown = null; // an id
let parts = null; // {points, failures}
let announced = ""; // the state and quarter that were announced last
let gone = false; // true if the server has no such job

export function startJob() {
  store.addEventListener("job", (event) => event.detail.job_id === shown && draw(event.detail));
  store.addEventListener("list", () => parts || welcome());
  store.addEventListener("gone", (event) => event.detail === shown && lose());
  startStory();
  welcome();
}

/** Show the job with this id, or the welcome for null. */
export function openJob(id) {
  if (id === shown) return;
  close();
  shown = id;
  gone = false;
  choose(id);
  if (id && find(id)) draw(find(id));
  else welcome();
}

function close() {
  parts?.points.stop();
  parts?.failures.stop();
  parts = null;
  announced = "";
  clearMap();
  clearPlot();
  results.close();
  show(byId("rejected"), false);
}

function begin(job) {
  byId("job").dataset.view = "job";
  for (const id of ["job-figures", "job-charts", "results", "job-badge", "job-label"]) show(byId(id), true);
  show(byId("job-welcome"), false);
  parts = {
    failures: new Failures(job.job_id),
    points: new Points(job.job_id, (points, step, seconds) => {
      growMap(points, job.total, step, seconds);
      growPlot(points, step, find(job.job_id));
    }),
  };
  byId("job-actions").replaceChildren();
  byId("job-tiles").replaceChildren();
  results.open(job);
  showRejected(job);
}

function draw(job) {
  if (!parts) begin(job);
  const [word, kind] = state(job);
  write(byId("job-title"), bdi(jobName(job)));
  document.title = `${ended(job) ? `${word}:` : `${job.progress}%`} ${isolated(jobName(job))} – CityWeather+`;
  write(byId("job-badge"), word);
  byId("job-badge").dataset.kind = kind;
  write(byId("job-about"), about(job));
  write(byId("job-notice"), notice(job));
  byId("job-notice").dataset.kind = job.error && ended(job) ? "bad" : "wait";
  show(byId("job-notice"), notice(job) !== "");
  drawBar(byId("job-bar"), job);
  drawTiles(job);
  drawStory(job);
  drawFresh(job);
  drawActions(byId("job-actions"), job);
  for (const part of [parts.points, parts.failures, results]) part.update(job);
  announceChange(job, word);
}

function about(job) {
  const parts = [`Started ${moment(job.started_at ?? job.created_at)}`, `${plural(job.rows_read, "row")} read`];
  if (job.owner) parts.push(`by ${isolated(job.owner)}`);
  if (job.label && job.file_name) parts.push(isolated(job.file_name));
  if (job.duplicates) parts.push(plural(job.duplicates, "duplicate"));
  if (job.rejected) parts.push(`${count(job.rejected)} rejected`);
  if (job.ambiguous) parts.push(`${count(job.ambiguous)} ambiguous`);
  if (job.unmatched) parts.push(`${count(job.unmatched)} without a known place`);
  if (job.max_rate) parts.push(`at most ${count(job.max_rate)} cities a minute`);
  return parts.join(" · ");
}

function drawTiles(job) {
  const tiles = {
    Progress: `${job.progress}%`,
    Succeeded: count(job.succeeded),
    Failed: count(job.failed),
    Remaining: count(job.pending),
    "Cities a second": job.rate === null || (!ended(job) && !fetches(job)) ? "–" : decimal(job.rate),
    [ended(job) ? "Took" : "Time left"]: (ended(job) ? took(job) : left(job)) || "–",
  };
  const node = byId("job-tiles");
  Object.entries(tiles).forEach(([name, value], index) => {
    if (!node.children[index]) node.append(el("div", { data: { tile: name.toLowerCase().split(" ")[0] } }, el("dt"), el("dd")));
    write(node.children[index].firstChild, name);
    write(node.children[index].lastChild, value);
  });
}

/** Announce each change of state and each quarter to screen readers, not each number. */
function announceChange(job, word) {
  const now = `${word} ${Math.floor(job.progress / 25)} ${job.waiting_for ?? ""}`;
  if (announced && announced !== now) announce(`${jobName(job)}: ${word}, ${job.progress} percent, ${inWords(job)}`);
  announced = now;
}

function lose() {
  close();
  gone = true;
  welcome();
}

function welcome() {
  byId("job").dataset.view = "none";
  for (const id of ["job-figures", "job-charts", "results", "job-badge", "job-label", "job-notice"]) show(byId(id), false);
  show(byId("job-welcome"), true);
  byId("job-actions").replaceChildren();
  document.title = "CityWeather+";
  const waits = key() && !gone && (shown || !isKnown());
  write(byId("job-title"), gone ? "There is no such job" : waits ? "Loading" : "The weather of your cities, all at once");
  write(byId("job-about"), "");
  const locked = "Enter your API key to see the jobs and to start one.";
  const empty = "Drop a CSV with a column of city names anywhere on this page. Each city is fetched once, and the map fills with their temperatures.";
  const lost = "Somebody deleted it, or it ended long ago: jobs are deleted some time after their end. Choose another one, or drop a CSV.";
  write(byId("welcome-words"), waits ? "The server is being asked for it." : !key() ? locked : gone ? lost : empty);
  show(byId("welcome-key"), !key());
  for (const id of ["welcome-choose", "welcome-sample"]) show(byId(id), Boolean(key()) && !waits);
}
