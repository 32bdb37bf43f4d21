// The commands for a job: pause, resume, cancel, retry, refresh again.

import { post } from "./api.js";
import { announce, button, confirm, toast } from "./dom.js";
import { accept, refresh } from "./store.js";
import { count, ended, jobName, plural } from "./words.js";

export const opened = new EventTarget(); // "open" (detail: an id): show this job

const runs = (job) => ["importing", "queued", "fetching"].includes(job.phase) && !ended(job);

const ACTIONS = {
  pause: { text: "Pause", fits: runs },
  resume: { text: "Resume", kind: "small main", fits: (job) => job.phase === "paused" },
  cancel: { text: "Cancel", kind: "small danger", fits: (job) => runs(job) || job.phase === "paused" },
  retry: { text: "Retry failed", kind: "small main", fits: (job) => ended(job) && job.failed > 0 },
  rest: { text: "Fetch the rest", kind: "small main", fits: (job) => ended(job) && job.pending > 0 },
  rerun: { text: "Refresh again", fits: (job) => ended(job) },
};

/** Show the buttons that fit the job. Buttons that stay keep the focus. */
export function drawActions(node, job) {
  const fitting = Object.keys(ACTIONS).filter((name) => ACTIONS[name].fits(job));
  for (const old of [...node.children]) if (!fitting.includes(old.dataset.action)) old.remove();
  fitting.forEach((name, index) => {
    if (node.children[index]?.dataset.action === name) return;
    const { text, kind } = ACTIONS[name];
    const act = (event) => perform(name, job.job_id, event.currentTarget);
    const label = `${text}: ${jobName(job)}`;
    node.insertBefore(button(text, act, kind, { data: { action: name }, "aria-label": label }), node.children[index] ?? null);
  });
  for (const child of node.children) child.job = job;
}

async function perform(name, id, source) {
  const { job } = source;
  if (name === "cancel" && !(await agreesToCancel(job))) return;
  await act(source, async () => {
    if (name === "retry") return open(await post(`/bulk/jobs/${id}/retry?only=failed`));
    if (name === "rest") return open(await post(`/bulk/jobs/${id}/retry`));
    if (name === "rerun") return open(await post(`/bulk/jobs/${id}/rerun`), "refreshes");
    accept(await post(`/bulk/jobs/${id}/${name}`));
    refresh(id);
    announce(`${ACTIONS[name].text}: sent to ${jobName(job)}`);
  });
}

/** Retry the rows that failed for one reason. */
export async function retryReason(source, id, code) {
  await act(source, async () => open(await post(`/bulk/jobs/${id}/retry?only=failed&reason=${encodeURIComponent(code)}`)));
}

async function act(source, work) {
  source.disabled = true;
  try {
    await work();
  } catch (error) {
    toast(error.message, "bad");
  } finally {
    source.disabled = false;
  }
}

function open(job, verb = "retries") {
  accept(job);
  opened.dispatchEvent(new CustomEvent("open", { detail: job.job_id }));
  toast(`A new job ${verb} ${plural(job.total, "row")}.`);
}

const agreesToCancel = (job) =>
  confirm(
    "Cancel this job?",
    `What was fetched is kept. ${count(job.pending)} of ${plural(job.total, "city", "cities")} will not be fetched; you can run them later as a new job.`,
    "Cancel the job",
  );
