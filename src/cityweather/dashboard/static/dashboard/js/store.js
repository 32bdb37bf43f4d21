// The jobs as far as this page knows them: a poll of the list finds them, one more follows the job somebody looks at.

import { call, get } from "./api.js";
import { key } from "./key.js";
import { Poller } from "./poll.js";
import { ended } from "./words.js";

const PAGE = 20; // jobs
const FOLLOWING = 1.2; // seconds between polls of the chosen job at least, whatever the server allows
const LIST_BUSY = 6; // seconds between polls of the list while something runs
const LIST_IDLE = 20;

export const store = new EventTarget(); // "list", "job" (detail: the job), "gone" (detail: an id)

const jobs = new Map();
let list = null;
let chosen = null;
let follower = null; // of the chosen job
let older = null; // the path of the next page
let known = false; // the list was answered at least once

export const find = (id) => jobs.get(id);
export const all = () => [...jobs.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
export const isKnown = () => known;
export const hasOlder = () => older !== null;

export function startStore() {
  stopStore();
  if (!key()) return;
  list = new Poller(askList).start();
  follow();
}

export function stopStore() {
  list?.stop();
  follower?.stop();
}

export function forgetAll() {
  stopStore();
  jobs.clear();
  known = false;
  older = null;
  tell("list");
}

/** The job somebody looks at. */
export function choose(id) {
  chosen = id;
  follow();
}

/** Take in what an answer said about a job. */
export function accept(job) {
  const old = jobs.get(job.job_id);
  const late = old && old.source === job.source && old.as_of > job.as_of;
  if (late || (old && ended(old) && !ended(job))) return;
  jobs.set(job.job_id, job);
  tell("job", job);
  if (!old) tell("list");
}

export async function showOlder() {
  const page = await get(older);
  older = page.next;
  page.results.forEach(accept);
  tell("list");
}

/** Ask about this job now: something was just said to it. */
export function refresh(id) {
  if (id === chosen) follower?.start();
  else list?.now();
}

async function askList() {
  const before = [...jobs.values()];
  const page = await get(`/bulk/jobs?limit=${PAGE}`);
  if (!known) older = page.next;
  known = true;
  page.results.forEach(accept);
  forgetDeleted(before, page);
  tell("list");
  return all().some((job) => !ended(job)) ? LIST_BUSY : LIST_IDLE;
}

/** Who was known before the page was asked for and belongs on it, but is not there. */
function forgetDeleted(before, page) {
  const there = new Set(page.results.map((job) => job.job_id));
  const last = page.next ? page.results.at(-1).created_at : "";
  for (const job of before) if (job.created_at > last && !there.has(job.job_id)) lose(job.job_id);
}

function follow() {
  follower?.stop();
  if (!chosen || !key()) return;
  const id = chosen;
  let etag = "";
  follower = new Poller(async () => {
    const answer = await call(`/bulk/jobs/${id}`, { etag }).catch((error) => {
      if (error.status !== 404) throw error;
      return lose(id);
    });
    if (answer?.data) accept(answer.data);
    etag = answer?.etag ?? "";
    return answer?.wait ? Math.max(FOLLOWING, answer.wait) : null; // the server names a time as long as the job runs
  }).start();
}

function lose(id) {
  jobs.delete(id);
  tell("gone", id);
  tell("list");
}

function tell(name, detail) {
  store.dispatchEvent(new CustomEvent(name, { detail }));
}
