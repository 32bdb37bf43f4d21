// Numbers, states and reasons in plain English.

import { fromCelsius, sign, speed } from "./units.js";

const whole = new Intl.NumberFormat("en");
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const count = (number) => whole.format(number);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
export const decimal = (number) => fine.format(number);

/** °C → "−3.5", or its °F. */
export const degree = (celsius) => decimal(fromCelsius(celsius)).replace("-", "−");
export const degrees = (celsius) => (celsius === null || celsius === undefined ? "–" : `${degree(celsius)} ${sign()}`);

/** Metres a second → "7.6 m/s", or miles an hour. */
export function windSpeed(metres) {
  const [number, unit] = speed(metres);
  return `${decimal(number)} ${unit}`;
}

export const bytes = (number) =>
  number >= 1e6 ? `${decimal(number / 1e6)} MB` : number >= 1e3 ? `${decimal(number / 1e3)} kB` : plural(number, "byte");

/** Seconds → "45 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s / 60} min`;
  if (s < 172800) return s % 3600 < 60 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} days`;
}

export function moment(iso) {
  if (!iso) return "–";
  const date = new Date(iso);
  return (Math.abs(Date.now() - date) < 43200000 ? clock : day).format(date);
}

export const ended = (job) => ["done", "failed", "cancelled"].includes(job.status);

/** Its rows are dispatched; of a large import while the others are still being written. */
export const fetches = (job) => ["importing", "fetching"].includes(job.phase);

/** What a job is called: its label, else its file. */
export const jobName = (job) => job.label || job.file_name || "Unnamed job";

/** [the word of a badge, the kind that colours it]. */
export function state(job) {
  if (job.status === "done") return ["Done", "done"];
  if (job.status === "failed") return ["Failed", "failed"];
  if (job.status === "cancelled") return ["Cancelled", "cancelled"];
  if (job.phase === "cancelling") return ["Cancelling", "cancelled"];
  if (job.phase === "failing") return ["Failing", "failed"];
  if (job.phase === "paused") return ["Paused", "paused"];
  if (job.waiting_for) return ["Waiting", "paused"];
  if (job.phase === "finishing" || (job.total && !job.pending)) return ["Finishing", "running"];
  return job.status === "running" ? ["Running", "running"] : ["Queued", "queued"];
}

const WAITING = {
  import: "The database is unreachable or full, so no rows can be written. The job continues by itself.",
  quota: "The job waits for the weather provider's quota. It continues by itself.",
  provider: "The weather provider is unreachable. No city fails because of that. The job continues by itself.",
  flush: "The job waits until the database has stored its results. It continues by itself.",
  drain: "An operator has stopped all jobs for a while, for example to update the service. Nothing is lost. The job continues when the operator resumes them.",
  key: "The job continues by itself when the weather provider accepts the service's API key. A new key may need some hours.",
};

export const PHASES = {
  importing: "Writing its rows",
  queued: "Queued",
  fetching: "Fetching",
  paused: "Paused",
  cancelling: "Cancelling",
  failing: "Failing",
  finishing: "Finishing",
  ended: "Ended",
};

/** Why the job is as fast as it is, or "". */
export function pace(job) {
  if (ended(job)) return "";
  const speed = job.rate ? `, now about ${count(Math.round(job.rate * 60))} cities a minute` : "";
  if (job.limited_by === "quota") return `As fast as the weather provider's quota allows${speed}.`;
  if (job.limited_by === "max_rate") return `As fast as this job's own limit of ${count(job.max_rate)} cities a minute allows.`;
  if (job.phase === "importing" && job.imported !== undefined) return `${count(job.imported)} of ${plural(job.total, "row")} written.`;
  return "";
}

/** A sentence about the job's present state, or "". */
export function notice(job) {
  if (ended(job)) return job.error ?? "";
  if (job.phase === "paused") return "Paused. Cities that were being fetched are finished. Resume the job when you like.";
  const wait = job.waiting_for ? (WAITING[job.waiting_for] ?? `The job waits for: ${job.waiting_for}.`) : "";
  if (job.error || wait) return [job.error, wait].filter(Boolean).join(" ");
  if (job.source === "database") return "These counters come from the database and may be some seconds old.";
  return "";
}

const REASONS = {
  unknown_city: "The provider does not know this city",
  ambiguous_city: "Several places have this name",
  refused_city: "The provider refuses this name",
  gave_up: "Five tries failed while other cities succeeded",
  worker_lost: "Its worker was lost three times",
  bad_encoding: "Its bytes are not text in the file's encoding",
  control_character: "Holds control characters",
  bad_quotes: "Its quotes do not match",
  too_many_cells: "Has more cells than the header. Is a comma without quotes?",
  wrong_delimiter: "Uses another delimiter than the header",
  bad_coordinates: "Its coordinates are incomplete or no place on Earth",
  no_name: "Names no city",
  name_too_long: "Longer than 200 characters",
};

export const reason = (code) => REASONS[code] ?? code.replaceAll("_", " ");
