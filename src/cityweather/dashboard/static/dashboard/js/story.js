// A job's story: its label, its phases with their times, why it is as fast as it is, and the jobs of the same rows.

import { opened } from "./actions.js";
import { patch } from "./api.js";
import { bdi, byId, el, show, toast, write } from "./dom.js";
import { accept, refresh } from "./store.js";
import { PHASES, duration, moment, pace } from "./words.js";

const LEAST = 1; // seconds of a phase that are worth a number

let shown = null; // the job

export function startStory() {
  const dialog = byId("label-dialog");
  byId("job-label").addEventListener("click", () => {
    byId("label").value = shown.label;
    dialog.returnValue = "";
    dialog.showModal();
    byId("label").select();
  });
  byId("label-cancel").addEventListener("click", () => dialog.close(""));
  dialog.addEventListener("close", () => dialog.returnValue === "save" && save(shown.job_id, byId("label").value.trim()));
}

async function save(id, label) {
  try {
    accept(await patch(`/bulk/jobs/${id}`, { label }));
    refresh(id);
  } catch (error) {
    toast(error.message, "bad");
  }
}

export function drawStory(job) {
  shown = job;
  write(byId("job-label"), job.label ? "Rename" : "Name it");
  write(byId("job-pace"), pace(job));
  show(byId("job-pace"), pace(job) !== "");
  drawTimeline(job.timeline ?? []);
  drawLinks(job);
}

function drawLinks({ retry_of: retried, rerun_of: refreshed, retries = [], reruns = [] }) {
  const links = [];
  if (retried) links.push(["Retries rows of ", link("an earlier job", retried)]);
  if (refreshed) links.push(["Refreshes again ", link("an earlier job", refreshed)]);
  const later = [...retries.map((id) => ["retry", id]), ...reruns.map((id) => ["refresh", id])];
  later.forEach(([word, id], index) => links.push(["Later: ", link(`${word} ${index + 1}`, id)]));
  const node = byId("job-links");
  const seen = [retried, refreshed, ...later.map(([, id]) => id)].join();
  show(node, links.length > 0);
  if (node.dataset.seen === seen) return;
  node.dataset.seen = seen;
  node.replaceChildren(...links.map((parts) => el("span", {}, ...parts)));
}

function link(text, id) {
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    opened.dispatchEvent(new CustomEvent("open", { detail: id }));
  };
  return el("a", { href: `/?job=${id}`, textContent: text, on: { click: open } });
}

function drawTimeline(timeline) {
  const node = byId("job-timeline");
  show(node, timeline.length > 0);
  const seen = timeline.map(({ phase, at }) => `${phase} ${at}`).join();
  if (node.dataset.seen === seen) return;
  node.dataset.seen = seen;
  node.replaceChildren(...timeline.map(({ phase, at }, index) => step(phase, at, timeline[index + 1]?.at)));
}

function step(phase, at, until) {
  const seconds = until ? (new Date(until) - new Date(at)) / 1000 : 0;
  const time = el("time", { dateTime: at, textContent: moment(at) });
  const lasting = seconds >= LEAST ? ` · ${duration(seconds)}` : "";
  return el("li", {}, el("b", {}, bdi(PHASES[phase] ?? phase)), el("span", { class: "hint" }, time, lasting));
}
