// The list of jobs with their progress bars.

import { drawActions, opened } from "./actions.js";
import { drawBar, summary } from "./bar.js";
import { bdi, byId, el, show, toast, write } from "./dom.js";
import { key } from "./key.js";
import { all, hasOlder, isKnown, showOlder, store } from "./store.js";
import { jobName, moment, state } from "./words.js";

const items = new Map(); // id → its elements

let selected = null;

export function startJobs() {
  store.addEventListener("list", drawList);
  store.addEventListener("job", (event) => drawItem(event.detail));
  byId("jobs-more").addEventListener("click", () => showOlder().catch((error) => toast(error.message, "bad")));
  drawList();
}

export function select(id) {
  selected = id;
  for (const [job, item] of items) mark(job, item);
}

function drawList() {
  const jobs = all();
  const wanted = new Set(jobs.map((job) => job.job_id));
  for (const [id, item] of items) {
    if (wanted.has(id)) continue;
    item.row.remove();
    items.delete(id);
  }
  jobs.forEach((job, index) => {
    const { row } = items.get(job.job_id) ?? make(job);
    const present = byId("jobs").children[index];
    if (present !== row) byId("jobs").insertBefore(row, present ?? null);
    drawItem(job);
  });
  show(byId("jobs-empty"), jobs.length === 0 && (isKnown() || !key()));
  show(byId("jobs-more"), hasOlder());
}

function make(job) {
  const link = el("a", { href: `/?job=${job.job_id}` });
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    opened.dispatchEvent(new CustomEvent("open", { detail: job.job_id }));
  });
  const item = {
    link,
    badge: el("span", { class: "badge" }),
    bar: el("div", { class: "bar" }),
    words: el("p", { class: "words" }),
    since: el("span", { class: "hint" }),
    actions: el("div", { class: "buttons" }),
  };
  const head = el("p", { class: "item-head" }, link, item.badge);
  const foot = el("div", { class: "item-foot" }, item.since, item.actions);
  item.row = el("li", {}, head, item.bar, item.words, foot);
  items.set(job.job_id, item);
  return item;
}

function drawItem(job) {
  const item = items.get(job.job_id);
  if (!item) return;
  const [word, kind] = state(job);
  write(item.link, bdi(jobName(job)));
  write(item.badge, word);
  item.badge.dataset.kind = kind;
  write(item.words, summary(job));
  write(item.since, moment(job.created_at));
  drawBar(item.bar, job);
  drawActions(item.actions, job);
  mark(job.job_id, item);
}

function mark(id, item) {
  item.row.classList.toggle("selected", id === selected);
  if (id === selected) item.link.setAttribute("aria-current", "true");
  else item.link.removeAttribute("aria-current");
}
