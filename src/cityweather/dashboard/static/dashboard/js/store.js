// The jobs as far as this page knows them: a list poll finds them, a poll each follows those that run.

import { call, get } from "./api.js";
import { key } from "./key.js";
import { Poller } from "./poll.js";
import { ended } from "./words.js";

const PAGE = 20; // jobs
const FOLLOWED = 6; // jobs with a poll of their own; the list poll shows the others
const LIST_BUSY = 5; // seconds between list polls while something runs
const LIST_IDLE = 20;

export const store = new EventTarget(); // "list", "job" (detail: the job), "gone" (detail: an id)

const jobs = new Map();
const followers = new Map();
let list = null;
let chosen = null;
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
  if (chosen) follow(chosen, true);
}

export function stopStore() {
  list?.stop();
  for (const follower of followers.values()) follower.stop();
  followers.clear();
}

export function forgetAll() {
  stopStore();
  jobs.clear();
  known = false;
  older = null;
  tell("list");
}

/** The job somebody looks at: always followed, whatever else runs. */
export function choose(id) {
  chosen = id;
  if (id && key()) follow(id, true);
}

/** Take in what an answer said about a job. */
export function accept(job) {
  const old = jobs.get(job.job_id);
  const late = old && old.source === job.source && old.as_of > job.as_of;
  if (late || (old && ended(old) && !ended(job))) return;
  jobs.set(job.job_id, job);
  tell("job", job);
  if (!old) tell("list");
  if (!ended(job)) follow(job.job_id);
}

export async function showOlder() {
  const page = await get(older);
  older = page.next;
  page.results.forEach(accept);
  tell("list");
}

/** Ask about this job now: something was just said to it. */
export function refresh(id) {
  follow(id, true);
  followers.get(id)?.now();
}

async function askList() {
  const page = await get(`/bulk/jobs?limit=${PAGE}`);
  if (!known) older = page.next;
  known = true;
  page.results.forEach(accept);
  tell("list");
  return all().some((job) => !ended(job)) ? LIST_BUSY : LIST_IDLE;
}

function follow(id, always = false) {
  if (followers.has(id) || (!always && followers.size >= FOLLOWED)) return;
  let etag = "";
  const follower = new Poller(async () => {
    const answer = await call(`/bulk/jobs/${id}`, { etag }).catch((error) => {
      if (error.status !== 404) throw error;
      return lose(id);
    });
    if (answer?.data) accept(answer.data);
    etag = answer?.etag ?? "";
    if (answer?.wait) return answer.wait; // the server names a time as long as the job runs
    followers.delete(id);
    return null;
  });
  followers.set(id, follower);
  follower.start();
}

function lose(id) {
  jobs.delete(id);
  tell("gone", id);
  tell("list");
}

function tell(name, detail) {
  store.dispatchEvent(new CustomEvent(name, { detail }));
}
