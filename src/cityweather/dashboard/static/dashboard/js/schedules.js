// Jobs that are kept fresh: the choice at a job, and the list of all schedules with their runs.

import { opened } from "./actions.js";
import { call, get, patch, post } from "./api.js";
import { askCron, startCron } from "./cron.js";
import { bdi, button, byId, confirm, el, show, toast, write } from "./dom.js";
import { key, keyEvents } from "./key.js";
import { Poller } from "./poll.js";
import { count, decimal, jobName, moment, plural, state } from "./words.js";

const PAUSE = 30; // seconds
const MOST = 50; // schedules, the newest
const LABEL = 100; // characters
const RUNS = 10; // of a schedule, the newest
const OFF = "";
const EVERY = { "1h": "every hour", "6h": "every 6 hours", "1d": "every day", "7d": "every week" };
const CRON = "cron"; // at the moments of a cron line
const UNITS = { m: 1, h: 60, d: 1440 }; // minutes

let poller = null;
let known = []; // the schedules
let shown = null; // the job

export function startSchedules() {
  keyEvents.addEventListener("change", restart);
  startCron();
  byId("fresh").addEventListener("change", ({ target }) => choose(target.value));
}

function restart() {
  poller?.stop();
  known = [];
  drawList();
  if (key()) poller = new Poller(look).start();
}

async function look() {
  known = (await get(`/bulk/schedules?limit=${MOST}`)).results;
  drawList();
  if (shown) drawFresh(shown);
  return PAUSE;
}

const rhythm = ({ every, cron, timezone }) => (every ? (EVERY[every] ?? `every ${every}`) : `at ${cron} (${timezone})`);
const nameOf = (schedule) => schedule.label || `Job ${schedule.job_id.slice(0, 8)}`;
const scheduleOf = (job) => known.find((one) => one.job_id === job.job_id || one.schedule_id === job.schedule_id);

/** The choice for the job that is shown. */
export function drawFresh(job) {
  shown = job;
  const schedule = scheduleOf(job);
  const value = schedule ? (schedule.every ?? schedule.cron) : OFF;
  const others = schedule?.cron ? "at other times (cron line)…" : "at set times (cron line)…";
  const options = { [OFF]: "off", ...EVERY, ...(schedule ? { [value]: rhythm(schedule) } : {}), [CRON]: others };
  const select = byId("fresh");
  const seen = `${job.job_id} ${JSON.stringify(options)}`;
  if (select.dataset.seen !== seen) select.replaceChildren(...Object.entries(options).map(([name, text]) => new Option(text, name)));
  select.dataset.seen = seen;
  if (document.activeElement !== select || select.value === select.dataset.value) select.value = value;
  select.dataset.value = value;
  write(byId("fresh-words"), schedule ? next(schedule) : "");
}

const next = ({ paused, pause_reason: reason, next_at: at }) => (paused ? `Paused. ${reason ?? ""}`.trim() : `Next at ${moment(at)}`);

async function choose(value) {
  const job = shown;
  const schedule = scheduleOf(job);
  if (value === OFF) await act(() => remove(schedule));
  else if (value === CRON) await askCron(schedule?.cron ? schedule : {}, (times) => save(job, schedule, times).then(look));
  else if (await confirm(`Refresh ${plural(job.total, "city", "cities")} ${EVERY[value]}?`, load(job, value), "Keep fresh"))
    await act(() => save(job, schedule, { every: value }));
  byId("fresh").value = byId("fresh").dataset.value;
}

/** `times`: `every`, or `cron` with `timezone`. */
function save(job, schedule, times) {
  if (schedule) return patch(path(schedule), { ...times, paused: false });
  return post("/bulk/schedules", { job_id: job.job_id, ...times, label: jobName(job).slice(0, LABEL) });
}

const few = (number) => (number > 0 && number < 0.1 ? "less than 0.1" : decimal(number));

/** What it costs, before it is saved. The server refuses what all schedules together cannot get from the provider. */
function load(job, every) {
  const minutes = Number.parseInt(every, 10) * UNITS[every.at(-1)];
  return `That is ${few(job.total / minutes)} cities a minute on average. It is refused if it does not fit into the weather provider's quota.`;
}

const path = ({ schedule_id: id }) => `/bulk/schedules/${id}`;
const remove = (schedule) => call(path(schedule), { method: "DELETE" });

async function act(work) {
  try {
    await work();
    await look();
  } catch (error) {
    toast(error.message, "bad");
  }
}

function drawList() {
  show(byId("schedules-card"), known.length > 0);
  const seen = JSON.stringify(known);
  if (byId("schedules").dataset.seen === seen) return; // what is open stays open
  byId("schedules").dataset.seen = seen;
  byId("schedules").replaceChildren(...known.map(item));
}

function item(schedule) {
  const name = nameOf(schedule);
  const pause = () => act(() => patch(path(schedule), { paused: !schedule.paused }));
  const end = async () => (await confirm(`Stop refreshing ${name}?`, "Its jobs and their results stay.", "Stop")) && act(() => remove(schedule));
  const label = (text) => ({ "aria-label": `${text}: ${name}` });
  const parts = [rhythm(schedule), next(schedule), `${few(schedule.cities_per_minute)} cities a minute`];
  if (schedule.quota_per_minute) parts[2] += ` of ${count(Math.round(schedule.quota_per_minute))}`;
  if (schedule.skipped) parts.push(`${plural(schedule.skipped, "run")} left out, the last at ${moment(schedule.last_skipped_at)}`);
  const word = schedule.paused ? "Go on" : "Pause";
  const buttons = [button(word, pause, "small", label(word)), button("Stop", end, "small danger", label("Stop"))];
  return el(
    "li",
    {},
    el("p", { class: "item-head" }, el("b", {}, bdi(name))),
    el("p", { class: "words", textContent: parts.join(" · ") }),
    runs(schedule),
    el("div", { class: "buttons" }, ...buttons),
  );
}

/** Its jobs with their counts, asked for when they are opened. */
function runs(schedule) {
  const list = el("ul");
  const details = el("details", { class: "hint" }, el("summary", { textContent: "Runs" }), list);
  details.addEventListener("toggle", async () => {
    if (!details.open) return;
    const { results } = await get(`/bulk/jobs?schedule=${schedule.schedule_id}&limit=${RUNS}`).catch((error) => {
      toast(error.message, "bad");
      return { results: [] };
    });
    list.replaceChildren(...(results.length ? results.map(run) : [el("li", { textContent: "None so far." })]));
  });
  return details;
}

function run(job) {
  const open = (event) => {
    event.preventDefault();
    opened.dispatchEvent(new CustomEvent("open", { detail: job.job_id }));
  };
  const link = el("a", { href: `/?job=${job.job_id}`, textContent: moment(job.created_at), on: { click: open } });
  return el("li", {}, link, ` ${state(job)[0]}: ${count(job.succeeded)} succeeded, ${count(job.failed)} failed`);
}
