// The rows of a job: filter, search, page by page, downloads.

import { download, get } from "./api.js";
import { bdi, byId, el, show, toast, write } from "./dom.js";
import { ambiguousMark, asWritten, placeName } from "./places.js";
import { Poller } from "./poll.js";
import { isImperial, units } from "./units.js";
import { count, degree, ended, moment, plural, reason } from "./words.js";

const PAGE = 50; // rows
const SOON = 1; // seconds until the counters are compared again, which needs no request
const BUSY = 3; // seconds between requests for the first page while its rows change
const CALM = 20; // seconds at most while they do not
const TYPING = 300; // milliseconds after the last key before a search

const WORDS = { success: "Succeeded", failed: "Failed", pending: "Pending" };

class Results {
  #job = null;
  #poller = null;
  #next = null;
  #pages = 0;
  #seen = ""; // the counters at the last request
  #behind = false; // rows are stored after they are counted, so one more request follows the last change
  #shown = ""; // the first page as JSON
  #wait = BUSY;
  #turn = 0; // answers to an older request are dropped

  start() {
    let timer;
    byId("results-filters").addEventListener("input", (event) => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#reload(), event.target.type === "search" ? TYPING : 0);
    });
    byId("results-filters").addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      this.#reload();
    });
    byId("results-more").addEventListener("click", () => this.#more());
    units.addEventListener("change", () => this.#job && this.#reload());
    byId("results-files").addEventListener("click", ({ target }) => target.dataset.format && this.#save(target));
  }

  open(job) {
    this.#job = job;
    byId("results-filters").reset();
    this.#clear();
    show(byId("results"), true);
    show(byId("results-ambiguous"), job.ambiguous > 0);
    this.#poller = new Poller(() => this.#look()).start();
  }

  update(job) {
    const ends = ended(job) && !ended(this.#job);
    this.#job = job;
    show(byId("results-ambiguous"), job.ambiguous > 0);
    if (ends && this.#pages > 1) this.#again();
    else if (ends) this.#reload();
  }

  close() {
    this.#poller?.stop();
    this.#turn += 1;
    show(byId("results"), false);
  }

  showFailed() {
    byId("results-filters").elements.status.value = "failed";
    byId("results").scrollIntoView({ block: "start" });
    byId("results-filters").querySelector("[value=failed]").focus();
    this.#reload();
  }

  #clear() {
    this.#pages = 0;
    this.#seen = "";
    this.#shown = "";
    this.#wait = BUSY;
    this.#turn += 1;
  }

  #reload() {
    this.#clear();
    this.#poller.start();
  }

  async #look() {
    const job = this.#job;
    const now = `${job.status} ${job.processed}`;
    // The first page follows the job. Once more pages are shown, they stay as they are.
    if (this.#pages > 1 || (this.#seen === now && !this.#behind)) return ended(job) ? null : SOON;
    const page = await this.#ask(this.#path(`limit=${PAGE}`));
    if (!page) return SOON; // the filters have changed meanwhile
    this.#behind = this.#seen !== now;
    this.#seen = now;
    this.#pages = 1;
    const text = JSON.stringify(page);
    this.#wait = this.#shown === text ? Math.min(CALM, this.#wait * 1.5) : BUSY;
    if (this.#shown !== text) this.#draw(page, byId("results-rows").children);
    this.#shown = text;
    return ended(job) ? null : this.#wait;
  }

  /** After the job's end: read the rows that are shown once more. */
  async #again() {
    const wanted = byId("results-rows").children.length;
    const rows = [];
    let next = this.#path(`limit=${PAGE}`);
    while (next && rows.length < wanted) {
      const page = await this.#ask(next).catch((error) => toast(error.message, "bad"));
      if (!page) return;
      rows.push(...page.results);
      next = page.next;
    }
    this.#draw({ results: rows, next }, byId("results-rows").children);
  }

  async #more() {
    const page = await this.#ask(this.#next).catch((error) => toast(error.message, "bad"));
    if (!page) return;
    this.#pages += 1;
    const first = byId("results-rows").children.length;
    this.#draw(page, []);
    byId("results-rows").children[first]?.scrollIntoView({ block: "nearest" });
  }

  async #ask(path) {
    const turn = this.#turn;
    const page = await get(path);
    return turn === this.#turn ? page : null;
  }

  #path(query) {
    const form = new FormData(byId("results-filters"));
    const shown = form.get("status");
    const filters = new URLSearchParams(form.get("search") ? { search: form.get("search") } : {});
    if (shown === "ambiguous") filters.set("ambiguous", "true");
    else if (shown) filters.set("status", shown);
    return `/bulk/jobs/${this.#job.job_id}/results?${filters}&${query}`;
  }

  /** Replace the rows, or append to them if `old` is empty. */
  #draw({ results: rows, next }, old) {
    const made = rows.map(row);
    if (old.length || this.#pages === 1) byId("results-rows").replaceChildren(...made);
    else byId("results-rows").append(...made);
    this.#next = next;
    const number = byId("results-rows").children.length;
    write(byId("results-state"), number ? `${plural(number, "row")} shown${next ? ", there are more" : ""}` : "No row matches.");
    show(byId("results-more"), next !== null);
  }

  async #save(source) {
    source.disabled = true;
    const { format } = source.dataset;
    const status = new FormData(byId("results-filters")).get("status");
    const name = `${(this.#job.file_name || "results").replace(/\.\w+$/, "")}-${status || "results"}.${format}`;
    const query = new URLSearchParams({ format, bom: true, units: isImperial() ? "imperial" : "metric" });
    await download(this.#path(query), name).catch((error) => toast(error.message, "bad"));
    source.disabled = false;
  }
}

export const results = new Results();

function row({ line, city, country, matched, ambiguous, candidates, status, last_error: error, last_refreshed_at: at, weather }) {
  const word = el("span", { class: "status", data: { kind: status }, textContent: WORDS[status] });
  const why = error ? el("span", { class: "hint", textContent: ` ${reason(error)}` }) : null;
  const temperature = weather?.temperature ?? null;
  return el(
    "tr",
    {},
    el("td", { class: "wide number", textContent: count(line) }),
    el("th", { scope: "row" }, bdi(city), ambiguous ? " " : null, ambiguous ? ambiguousMark(ambiguous) : null, place(city, matched ?? { country })),
    el("td", {}, word, why, candidates?.length ? meant(candidates) : null),
    el("td", { class: "number", textContent: temperature === null ? "" : degree(temperature) }),
    el("td", { class: "wide", textContent: weather?.condition ?? "" }),
    el("td", { class: "wide number", textContent: weather?.humidity === null || !weather ? "" : `${weather.humidity}%` }),
    el("td", { class: "wide", textContent: at ? moment(at) : "" }),
  );
}

/** The place that answers for a row, on a line of its own. */
function place(city, matched) {
  const name = placeName(matched);
  return !name || name === city ? null : el("span", { class: "hint place" }, bdi(name));
}

/** The places that an ambiguous row could mean, as they can be written in the file. */
function meant(candidates) {
  const written = candidates.map((one) => el("li", {}, el("code", {}, bdi(asWritten(one)))));
  return el("details", { class: "hint" }, el("summary", { textContent: `Write one of ${plural(candidates.length, "place")}` }), el("ul", {}, ...written));
}
