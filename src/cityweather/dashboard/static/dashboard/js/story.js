// A job's story: its label, its phases with their times, and why it is as fast as it is.

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
