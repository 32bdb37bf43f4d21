// Succeeded, failed, remaining as one bar.

import { el } from "./dom.js";
import { count, decimal, duration, ended, fetches, jobName, plural } from "./words.js";

/** Draw the job's progress into `node`. */
export function drawBar(node, job) {
  if (!node.firstChild) {
    node.setAttribute("role", "progressbar");
    node.setAttribute("aria-valuemin", "0");
    node.setAttribute("aria-valuemax", "100");
    node.append(el("span", { class: "good" }), el("span", { class: "bad" }));
  }
  const [good, bad] = node.children;
  const share = (number) => (job.total ? (100 * number) / job.total : 0);
  good.style.width = `${share(job.succeeded)}%`;
  bad.style.width = job.failed ? `max(3px, ${share(job.failed)}%)` : "0"; // one failure in a million shows
  node.classList.toggle("over", ended(job));
  node.setAttribute("aria-label", `Progress of ${jobName(job)}`);
  node.setAttribute("aria-valuenow", job.progress);
  node.setAttribute("aria-valuetext", `${job.progress}%: ${inWords(job)}`);
}

export const inWords = (job) =>
  `${count(job.succeeded)} succeeded, ${count(job.failed)} failed, ${count(job.pending)} remaining`;

/** The line below the bar. */
export function summary(job) {
  if (job.status === "done") return [plural(job.total, "city", "cities"), failed(job), took(job)].filter(Boolean).join(" · ");
  const parts = [`${count(job.processed)} of ${count(job.total)}`, failed(job)];
  if (!ended(job) && job.rate && fetches(job)) parts.push(`${decimal(job.rate)}/s`);
  if (!ended(job) && left(job)) parts.push(`${left(job)} left`);
  return parts.filter(Boolean).join(" · ");
}

const failed = (job) => (job.failed ? `${count(job.failed)} failed` : "");

export const left = (job) =>
  job.eta_seconds === null || !job.pending || !fetches(job) || job.waiting_for ? "" : duration(job.eta_seconds);

export function took(job) {
  if (!job.started_at || !job.finished_at) return "";
  const seconds = (new Date(job.finished_at) - new Date(job.started_at)) / 1000;
  return seconds < 10 ? `${decimal(Math.max(0.1, seconds))} s` : duration(seconds);
}
