// All cities and all jobs in a few numbers.

import { get } from "./api.js";
import { bdi, byId, el, show, write } from "./dom.js";
import { key, keyEvents } from "./key.js";
import { Poller } from "./poll.js";
import { units } from "./units.js";
import { count, degrees, moment, plural, reason } from "./words.js";

const PAUSE = 60; // seconds; the server reads every city for an answer
const TOP = 5; // cities

let poller = null;
let shown = null; // the last answer

export function startOverview() {
  keyEvents.addEventListener("change", restart);
  units.addEventListener("change", () => shown && draw(shown));
}

function restart() {
  poller?.stop();
  show(byId("overview"), false);
  if (key()) poller = new Poller(look).start();
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
  const open = jobs.queued + jobs.running;
  write(byId("overview-jobs"), `${plural(open, "job")} open, ${count(jobs.done)} done, ${count(jobs.failed)} failed, ${count(jobs.cancelled)} cancelled`);
  list("overview-recent", recent.map(({ city, temperature, last_refreshed_at: at }) => [bdi(city), ` ${degrees(temperature)} · ${moment(at)}`]));
  list("overview-failures", failures.map(({ reason: code, count: number }) => [`${reason(code)}: ${count(number)}`]));
}

function list(id, rows) {
  byId(id).replaceChildren(...rows.map((parts) => el("li", {}, ...parts)));
  show(byId(id).parentElement, rows.length > 0);
}
