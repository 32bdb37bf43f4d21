// Starts the modules and connects them.

import { opened } from "./actions.js";
import { get, traffic } from "./api.js";
import { startConnection } from "./connection.js";
import { byId } from "./dom.js";
import { openJob, startJob } from "./job.js";
import { select, startJobs } from "./jobs.js";
import { askKey, keyEvents, setKey, startKey } from "./key.js";
import { startMap } from "./map.js";
import { startOverview } from "./overview.js";
import { startPlot } from "./plot.js";
import { results } from "./results.js";
import { startSchedules } from "./schedules.js";
import { accept, all, forgetAll, isKnown, startStore, store } from "./store.js";
import { startUnits } from "./units.js";
import { startUpload, uploaded } from "./upload.js";
import { startWeather } from "./weather.js";

let current = null;

function open(id, { remember = true, focus = false } = {}) {
  if (remember && id !== inAddress()) history.pushState(null, "", id ? `/?job=${id}` : "/");
  current = id;
  openJob(id);
  select(id);
  if (focus) byId("job-title").focus({ preventScroll: !isNarrow() });
}

const isNarrow = () => matchMedia("(max-width: 63.99rem)").matches;
const inAddress = () => new URLSearchParams(location.search).get("job");

async function check(given) {
  try {
    await get("/bulk/jobs?limit=1", { apiKey: given });
    return "";
  } catch (error) {
    return error.message;
  }
}

function start() {
  startConnection();
  startUnits();
  startMap();
  startPlot();
  startWeather();
  startUpload();
  results.start();
  startJob();
  startJobs();
  startSchedules();
  startOverview();
  keyEvents.addEventListener("change", () => {
    forgetAll();
    openJob(null);
    startStore();
    if (current) openJob(current);
  });
  traffic.addEventListener("refused", ({ detail }) => {
    setKey("");
    askKey(detail);
  });
  store.addEventListener("list", () => {
    // Without a job in the address the newest is shown.
    if (!current && isKnown() && all().length) open(all()[0].job_id, { remember: false });
  });
  opened.addEventListener("open", (event) => open(event.detail, { focus: true }));
  uploaded.addEventListener("job", ({ detail: job }) => {
    accept(job);
    open(job.job_id, { focus: true });
  });
  addEventListener("popstate", () => open(inAddress() ?? all()[0]?.job_id ?? null, { remember: false }));
  byId("welcome-key").addEventListener("click", () => askKey());
  current = inAddress();
  startKey(check);
}

start();
