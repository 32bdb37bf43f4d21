// The upload of a CSV, dropped or chosen. The server looks at it first; the person is asked if something is open.

import { failure } from "./api.js";
import { bdi, button, byId, el, show, write } from "./dom.js";
import { askKey, key, setKey } from "./key.js";
import { look } from "./preview.js";
import { rejectedRows } from "./rejected.js";
import { bytes, count, plural } from "./words.js";

export const uploaded = new EventTarget(); // "job" (detail: the job)

let running = null; // an AbortController

export function startUpload() {
  byId("file").addEventListener("change", ({ target }) => {
    if (target.files.length) take(target.files[0]);
    target.value = ""; // the same file may be chosen again
  });
  byId("upload-stop").addEventListener("click", () => running?.abort());
  byId("welcome-choose").addEventListener("click", () => byId("file").click());
  byId("welcome-sample").addEventListener("click", sendSample);
  takeDrops();
}

function takeDrops() {
  const files = (event) => event.dataTransfer?.types.includes("Files");
  let inside = 0;
  const mark = (change) => {
    inside = Math.max(0, inside + change);
    document.body.classList.toggle("dropping", inside > 0);
  };
  addEventListener("dragenter", (event) => files(event) && mark(1));
  addEventListener("dragleave", (event) => files(event) && mark(-1));
  addEventListener("dragover", (event) => files(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    mark(-inside);
    if (event.dataTransfer.files.length > 1) complain(["Drop one file at a time."]);
    else if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
}

async function sendSample() {
  const answer = await fetch(document.body.dataset.sample);
  take(new File([await answer.blob()], "25-cities.csv", { type: "text/csv" }));
}

/** Look at the file, then send it. `attempt` is the Idempotency-Key of all tries; `options` are known from an earlier try. */
async function take(file, attempt = token(), options = null) {
  if (running) return complain(["Another upload is running. Wait for it, or stop it."]);
  byId("import-state").replaceChildren();
  const limit = Number(document.body.dataset.maxBytes);
  if (file.size > limit) return complain([bdi(file.name), ` has ${bytes(file.size)}; ${bytes(limit)} are allowed. Split it.`]);
  if (!key() && !(await askKey())) return complain(["An upload needs the API key."]);
  running = new AbortController();
  show(byId("upload"), true);
  progress(["Looking at ", bdi(file.name)], null);
  try {
    options ??= await look(file, running.signal);
    if (options) await send(file, attempt, options, running.signal);
    else byId("import-state").replaceChildren(el("p", { class: "notice" }, bdi(file.name), " was not imported."));
  } catch (error) {
    await refuse(error, () => take(file, attempt, options));
  } finally {
    running = null;
    show(byId("upload"), false);
  }
}

async function send(file, attempt, options, signal) {
  progress(["Sending ", bdi(file.name)], 0);
  const job = await transfer(file, attempt, options, signal);
  await report(job);
  uploaded.dispatchEvent(new CustomEvent("job", { detail: job }));
}

/** crypto.randomUUID() exists over HTTPS and on localhost only. */
const token = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");

/** XMLHttpRequest, as fetch reports no progress of an upload. `attempt` is the Idempotency-Key: sent twice, it counts once. */
function transfer(file, attempt, options, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(options)) form.append(name, value);
  form.append("file", file);
  const sent = new XMLHttpRequest();
  signal.addEventListener("abort", () => sent.abort());
  return new Promise((resolve, reject) => {
    sent.open("POST", "/bulk/import");
    sent.responseType = "json";
    sent.setRequestHeader("X-API-Key", key());
    sent.setRequestHeader("Idempotency-Key", attempt);
    sent.upload.onprogress = ({ loaded, total }) => progress(["Sending ", bdi(file.name), `: ${bytes(loaded)} of ${bytes(total)}`], (100 * loaded) / total);
    sent.upload.onload = () => progress(["Reading the rows of ", bdi(file.name)], null);
    sent.onload = () => (sent.status < 300 && sent.response ? resolve(sent.response) : reject(failure(sent.status, sent.response)));
    sent.onerror = () => reject(failure(0, { code: "unreachable", detail: "The connection broke before the server answered." }));
    sent.onabort = () => reject(new DOMException("Stopped", "AbortError"));
    sent.send(form);
  });
}

function progress(words, share) {
  write(byId("upload-words"), ...words);
  if (share === null) byId("upload-bar").removeAttribute("value");
  else byId("upload-bar").value = share;
}

async function report(job) {
  const parts = [plural(job.total, "city", "cities")];
  if (job.duplicates) parts.push(plural(job.duplicates, "duplicate"));
  if (job.rejected) parts.push(`${count(job.rejected)} rejected`);
  const line = el("p", { class: "notice", data: { kind: "good" } }, bdi(job.file_name), `: ${parts.join(", ")}.`);
  const rows = job.rejected ? await rejectedRows(job).catch(() => null) : null;
  byId("import-state").replaceChildren(line, ...(rows ? [rows] : []));
}

async function refuse(error, repeat) {
  if (error.name === "AbortError") return complain(["Stopped; nothing was imported."]);
  const again = error.code === "unreachable" || error.status >= 500 || error.status === 429;
  complain([error.message], again ? button("Try again", repeat) : null);
  if (error.status !== 401 && error.status !== 403) return;
  setKey("");
  if (await askKey(error.message)) setTimeout(repeat);
}

function complain(words, more = null) {
  byId("import-state").replaceChildren(el("p", { class: "notice", role: "alert", data: { kind: "bad" } }, ...words, more ? " " : null, more));
}
