// The jobs that this page knows. One poller asks for the list, another for the job that is shown.

import { call, get } from "./api.js";
import { key } from "./key.js";
import { Poller } from "./poll.js";
import { ended } from "./words.js";

const PAGE = 20; // jobs
const FOLLOWING = 1.2; // seconds at least between polls of the chosen job
const LIST_BUSY = 6; // seconds between polls of the list while something runs
const LIST_IDLE = 20;

export const store = new EventTarget(); // "list", "job" (detail: the job), "gone" (detail: an id)

const jobs = new Map();
let list = null;
let chosen = null;
let follower = null; // the poller of the chosen job
let older = null; // the path of the next page
let known = false; // true once the list was answered

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

function stopStore() {
  list?.stop();
  follower?.stop();
}

export function forgetAll() {
  stopStore();
  jobs.clear();
  known = false;
  older = null;
  emit("list");
}

/** Follow this job, which is shown. */
export function choose(id) {
  chosen = id;
  follow();
}

/** Keep a job from an answer, unless a later one is known. */
export function accept(job) {
  const old = jobs.get(job.job_id);
  const late = old && old.source === job.source && old.as_of > job.as_of;
  if (late || (old && ended(old) && !ended(job))) return;
  jobs.set(job.job_id, job);
  emit("job", job);
  if (!old) emit("list");
}

export async function showOlder() {
  const page = await get(older);
  older = page.next;
  page.results.forEach(accept);
  emit("list");
}

/** Ask for this job now, after a command. */
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
  emit("list");
  return all().some((job) => !ended(job)) ? LIST_BUSY : LIST_IDLE;
}

/** Drop the jobs that were known before the request and should be on the page, but are not. */
function forgetDeleted(before, page) {
  const there = new Set(page.results.map((job) => job.job_id));
  const last = page.next ? page.results.at(-1).created_at : "";
  for (const job of before) if (job.created_at > last && !there.has(job.job_id)) drop(job.job_id);
}

function follow() {
  follower?.stop();
  if (!chosen || !key()) return;
  const id = chosen;
  let etag = "";
  follower = new Poller(async () => {
    const answer = await call(`/bulk/jobs/${id}`, { etag }).catch((error) => {
      if (error.status !== 404) throw error;
      return drop(id);
    });
    if (answer?.data) accept(answer.data);
    etag = answer?.etag ?? "";
    return answer?.wait ? Math.max(FOLLOWING, answer.wait) : null; // the server sends Retry-After while the job runs
  }).start();
}

function drop(id) {
  jobs.delete(id);
  emit("gone", id);
  emit("list");
}

function emit(name, detail) {
  store.dispatchEvent(new CustomEvent(name, { detail }));
}
