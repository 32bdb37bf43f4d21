// The upload of a CSV, dropped or chosen, and the rows that were refused.

import { failure } from "./api.js";
import { bdi, button, byId, el, show, write } from "./dom.js";
import { askKey, key, setKey } from "./key.js";
import { rejectedRows } from "./rejected.js";
import { bytes, count, plural } from "./words.js";

export const uploaded = new EventTarget(); // "job" (detail: the job)

let request = null;

export function startUpload() {
  byId("file").addEventListener("change", ({ target }) => {
    if (target.files.length) send(target.files[0]);
    target.value = ""; // the same file may be chosen again
  });
  byId("upload-stop").addEventListener("click", () => request?.abort());
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
    else if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
  });
}

async function sendSample() {
  const answer = await fetch(document.body.dataset.sample);
  send(new File([await answer.blob()], "25-cities.csv", { type: "text/csv" }));
}

async function send(file, attempt = token()) {
  if (request) return complain(["Another upload is running. Wait for it, or stop it."]);
  byId("import-state").replaceChildren();
  const limit = Number(document.body.dataset.maxBytes);
  if (file.size > limit) return complain([bdi(file.name), ` has ${bytes(file.size)}; ${bytes(limit)} are allowed. Split it.`]);
  if (!key() && !(await askKey())) return complain(["An upload needs the API key."]);
  show(byId("upload"), true);
  progress(["Sending ", bdi(file.name)], 0);
  try {
    const job = await transfer(file, attempt);
    await report(job);
    uploaded.dispatchEvent(new CustomEvent("job", { detail: job }));
  } catch (error) {
    await refuse(error, file, attempt);
  } finally {
    request = null;
    show(byId("upload"), false);
  }
}

/** crypto.randomUUID() exists over HTTPS and on localhost only. */
const token = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");

/** XMLHttpRequest, as fetch reports no progress of an upload. `attempt` is the Idempotency-Key: sent twice, it counts once. */
function transfer(file, attempt) {
  const form = new FormData();
  form.append("file", file);
  request = new XMLHttpRequest();
  const sent = request;
  return new Promise((resolve, reject) => {
    sent.open("POST", "/bulk/import");
    sent.responseType = "json";
    sent.setRequestHeader("X-API-Key", key());
    sent.setRequestHeader("Idempotency-Key", attempt);
    sent.upload.onprogress = ({ loaded, total }) => progress(["Sending ", bdi(file.name), `: ${bytes(loaded)} of ${bytes(total)}`], (100 * loaded) / total);
    sent.upload.onload = () => progress(["Reading the rows of ", bdi(file.name)], null);
    sent.onload = () => (sent.status < 300 && sent.response ? resolve(sent.response) : reject(failure(sent.status, sent.response)));
    sent.onerror = () => reject(failure(0, { code: "unreachable", detail: "The connection broke before the server answered." }));
    sent.onabort = () => reject(failure(0, { code: "stopped", detail: "Stopped; nothing was imported." }));
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

async function refuse(error, file, attempt) {
  const again = error.code === "unreachable" || error.status >= 500 || error.status === 429;
  complain([error.message], again ? button("Try again", () => send(file, attempt)) : null);
  if (error.status !== 401 && error.status !== 403) return;
  setKey("");
  if (await askKey(error.message)) setTimeout(() => send(file, attempt));
}

function complain(words, more = null) {
  byId("import-state").replaceChildren(el("p", { class: "notice", role: "alert", data: { kind: "bad" } }, ...words, more ? " " : null, more));
}
