// All cities and all jobs in a few numbers.

import { get } from "./api.js";
import { bdi, byId, el, show, write } from "./dom.js";
import { key, keyEvents } from "./key.js";
import { Poller } from "./poll.js";
import { store } from "./store.js";
import { units } from "./units.js";
import { count, degrees, ended, moment, plural, reason } from "./words.js";

const PAUSE = 60; // seconds; the server reads every city for an answer
const TOP = 5; // cities

let poller = null;
let shown = null; // the last answer
const open = new Set(); // ids of jobs that have not ended

export function startOverview() {
  keyEvents.addEventListener("change", restart);
  store.addEventListener("job", ({ detail }) => follow(detail));
  units.addEventListener("change", () => shown && draw(shown));
}

function restart() {
  poller?.stop();
  show(byId("overview"), false);
  if (key()) poller = new Poller(look).start();
}

/** Ask again as soon as a job has ended. */
function follow(job) {
  if (!ended(job)) open.add(job.job_id);
  else if (open.delete(job.job_id)) poller?.now();
}

async function look() {
  draw(await get(`/bulk/summary?top=${TOP}`));
  return PAUSE;
}

function draw(summary) {
  shown = summary;
  const { cities, jobs, most_recent: recent, failures } = summary;
  show(byId("overview"), cities.success + cities.failed + cities.pending > 0);
  write(byId("overview-cities"), `${plural(cities.success, "city", "cities")} refreshed, ${count(cities.failed)} failed, ${count(cities.pending)} never refreshed`);
  write(byId("overview-jobs"), `${plural(jobs.queued + jobs.running, "job")} open, ${count(jobs.done)} done, ${count(jobs.failed)} failed, ${count(jobs.cancelled)} cancelled`);
  list("overview-recent", recent.map(({ city, temperature, last_refreshed_at: at }) => [bdi(city), ` ${degrees(temperature)} · ${moment(at)}`]));
  list("overview-failures", failures.map(({ reason: code, count: number }) => [`${reason(code)}: ${count(number)}`]));
}

function list(id, rows) {
  byId(id).replaceChildren(...rows.map((parts) => el("li", {}, ...parts)));
  show(byId(id).parentElement, rows.length > 0);
}
