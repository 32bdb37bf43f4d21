// Look before the import: how the server would read a file, and what is open about it.

import { call } from "./api.js";
import { bdi, byId, el, show, write } from "./dom.js";
import { drawOptions } from "./file_options.js";
import { ambiguousMark, placeName } from "./places.js";
import { rejectedList } from "./rejected.js";
import { sampleOf } from "./sample.js";
import { count, duration, moment, plural } from "./words.js";

const PAUSE = 150; // milliseconds after the last choice before the server is asked
const MOST_REJECTED = 0.05; // of the rows
const LONG = 600; // seconds
// Refusals that another choice may mend. Others, such as a picture, are final.
// What a person does about the option that the server asks for.
const QUESTIONS = {
  column: "Which column holds the cities? Choose it under City column.",
  latitude_column: "Are these coordinates? Choose their columns under Latitude and Longitude.",
  header: "Which line names the columns? Choose it under Header.",
  delimiter: "What stands between the columns? Choose it under Delimiter.",
  encoding: "Some rows are not text in this encoding. Choose another one under Encoding until the cities look right.",
};
const OPEN = ["no_city_column", "no_cities", "bad_option", "row_too_long", "unclosed_quote"];

/** The options for the import: {} for a clear file, what the person chose for another one, null if they cancel. */
export async function look(file, signal) {
  const sample = await sampleOf(file);
  const first = await dryRun(sample, {}, signal);
  return isClear(first, sample) ? {} : new Preview(file, sample).ask(first);
}

/** What the server would do with the file, or its question: `{code, detail, asks, columns, …}`. Throws ApiError for a final refusal. */
async function dryRun(sample, options, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(options)) form.append(name, value);
  form.append("file", sample.file);
  try {
    return (await call("/bulk/import?dry_run=true", { method: "POST", form, signal })).data;
  } catch (error) {
    if (!OPEN.includes(error.code)) throw error;
    return { code: error.code, detail: error.message, ...error.question };
  }
}

function isClear(answer, { scale }) {
  return !answer.code && rejectedShare(answer) < MOST_REJECTED && (answer.seconds ?? 0) * scale < LONG;
}

/** True if some rows are no text in the encoding, so that others may have wrong letters. */
const isMisread = ({ reasons = [] }) => reasons.some(({ code }) => code === "bad_encoding");

const rejectedShare = ({ total, duplicates, rejected }) => rejected / Math.max(1, total + duplicates + rejected);

class Preview {
  #dialog = byId("preview");
  #sample;
  #timer = null;
  #request = null; // an AbortController
  #known = {}; // the columns and first lines of the last answer that had some
  #options = {}; // what the person has chosen, as the API takes it

  constructor(file, sample) {
    this.#sample = sample;
    write(byId("preview-title"), "Check ", bdi(file.name), " before the import");
  }

  /** Resolves when the person has decided. */
  ask(first) {
    const choose = ({ target }) => this.#change(target);
    this.#draw(first);
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
    byId("preview-title").focus();
    byId("preview-options").addEventListener("change", choose);
    return new Promise((resolve) => {
      this.#dialog.addEventListener("close", () => {
        clearTimeout(this.#timer);
        this.#request?.abort();
        byId("preview-options").removeEventListener("change", choose);
        resolve(this.#dialog.returnValue === "import" ? this.#options : null);
      }, { once: true });
    });
  }

  #change(select) {
    if (select.value) this.#options[select.name] = select.value;
    else delete this.#options[select.name];
    clearTimeout(this.#timer);
    this.#request?.abort();
    byId("preview-import").disabled = true; // until the server has answered to this choice
    this.#dialog.setAttribute("aria-busy", "true");
    this.#timer = setTimeout(() => this.#follow(), PAUSE);
  }

  async #follow() {
    const request = new AbortController();
    this.#request = request;
    const answer = await dryRun(this.#sample, this.#options, request.signal).catch((error) => ({ code: error.code, detail: error.message }));
    if (!request.signal.aborted) this.#draw(answer);
  }

  #draw(answer) {
    const { columns = this.#known.columns, first_lines = this.#known.first_lines } = answer;
    this.#known = { columns, first_lines };
    drawOptions({ ...answer, ...this.#known }, this.#options, answer.asks ?? (isMisread(answer) ? "encoding" : ""));
    const words = answer.code ? (QUESTIONS[answer.asks] ?? answer.detail) : warning(answer, this.#sample);
    write(byId("preview-notice"), words);
    byId("preview-notice").dataset.kind = answer.code ? "bad" : "wait";
    show(byId("preview-notice"), words !== "");
    this.#dialog.removeAttribute("aria-busy");
    show(byId("preview-answer"), !answer.code);
    byId("preview-import").disabled = Boolean(answer.code);
    if (answer.code) return write(byId("preview-import"), "Import");
    const { scale } = this.#sample;
    write(byId("preview-import"), `Import ${scale > 1 ? "about " : ""}${plural(scaled(answer.total, scale), "city", "cities")}`);
    byId("preview-rows").replaceChildren(...answer.rows.map(row));
    write(byId("preview-summary"), summary(answer, scale));
    byId("preview-rejected").replaceChildren(...(answer.reasons.length ? [rejectedList(answer.reasons)] : []));
  }
}

/** Two digits are enough for an estimate. */
const scaled = (number, scale) => (scale > 1 ? Number((number * scale).toPrecision(2)) : number);

/** Why the person is asked, for a file that could be imported. */
function warning(answer, { scale }) {
  const share = rejectedShare(answer);
  const seconds = (answer.seconds ?? 0) * scale;
  const parts = [];
  if (isMisread(answer)) parts.push(QUESTIONS.encoding);
  if (share >= MOST_REJECTED) parts.push(`${Math.round(100 * share)}% of the rows would be left out.`);
  if (seconds >= LONG) parts.push(`The weather provider's quota makes this import last about ${duration(seconds)}.`);
  return parts.join(" ");
}

function summary(answer, scale) {
  const about = (number) => count(scaled(number, scale));
  const words = { total: ["city", "cities"], duplicates: ["duplicate"], rejected: ["row left out", "rows left out"] };
  const parts = Object.entries(words).map(([name, forms]) => plural(scaled(answer[name], scale), ...forms));
  if (answer.ambiguous) parts.push(`${about(answer.ambiguous)} ambiguous`);
  if (answer.unmatched) parts.push(`${about(answer.unmatched)} without a known place`);
  if (answer.requests !== undefined) parts.push(`${about(answer.requests)} requests to the weather provider`);
  if (answer.finished_at && scale === 1) parts.push(`ready at about ${moment(answer.finished_at)}`);
  const estimated = scale > 1 ? ". Only the first megabyte was read, so the numbers are estimates for the whole file." : "";
  return parts.join(" · ") + estimated;
}

function row({ line, city, matched, ambiguous }) {
  const place = matched ? bdi(placeName(matched)) : el("span", { class: "hint", textContent: "Not in our list" });
  return el(
    "tr",
    {},
    el("td", { class: "number", textContent: count(line) }),
    el("th", { scope: "row" }, bdi(city)),
    el("td", {}, place, ambiguous ? " " : null, ambiguous ? ambiguousMark(ambiguous) : null),
  );
}
