// The rows of an upload that name no city.

import { download, get } from "./api.js";
import { bdi, button, byId, el, show, toast } from "./dom.js";
import { count, plural, reason } from "./words.js";

const SHOWN = 8; // rows

let wanted = null; // the id of the job that is shown

/** Fill the card of rejected rows; hide it if there are none. */
export async function showRejected(job) {
  wanted = job.job_id;
  show(byId("rejected"), job.rejected > 0);
  byId("rejected-rows").replaceChildren();
  if (!job.rejected) return;
  const list = await rejectedRows(job).catch((error) => el("p", { class: "error", textContent: error.message }));
  if (wanted === job.job_id) byId("rejected-rows").replaceChildren(list);
}

/** The first rejected rows and a button that downloads all of them. */
export async function rejectedRows(job) {
  const { results } = await get(`/bulk/jobs/${job.job_id}/rejected?limit=${SHOWN}`);
  const save = () => saveRejected(job);
  const rest = job.rejected > results.length ? `All ${plural(job.rejected, "rejected row")} (CSV)` : "Download them (CSV)";
  return el("div", {}, rejectedList(results), button(rest, save, "link"));
}

/** `rows`: [{line, code, text}, …] */
export const rejectedList = (rows) =>
  el(
    "ul",
    { class: "rejected-list" },
    ...rows.map(({ line, code, text }) => el("li", {}, el("b", { textContent: `Line ${count(line)}` }), ` ${reason(code)} `, el("code", {}, bdi(text)))),
  );

function saveRejected(job) {
  const path = `/bulk/jobs/${job.job_id}/rejected?format=csv&bom=true`;
  return download(path, `${job.job_id}-rejected.csv`).catch((error) => toast(error.message, "bad"));
}
