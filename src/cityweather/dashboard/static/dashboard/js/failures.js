// The failed rows of a job, counted by reason.

import { retryReason } from "./actions.js";
import { get } from "./api.js";
import { button, byId, el, show, write } from "./dom.js";
import { Poller } from "./poll.js";
import { results } from "./results.js";
import { count, ended, reason } from "./words.js";

const PAUSE = 10; // seconds between requests at least
const LEISURE = 20; // and at least so many times the last answer's time: counting 500,000 failures takes half a second
const SOON = 1; // seconds until the counter is compared again, which needs no request

export class Failures {
  constructor(id) {
    this.id = id;
    this.counted = 0; // failures shown
    this.rows = new Map(); // reason → its elements
    this.poller = new Poller(() => this.#look());
    this.#draw([]);
  }

  update(job) {
    const ends = this.job && ended(job) && !ended(this.job);
    const first = !this.job;
    this.job = job;
    write(byId("failures-none"), ended(job) ? "None." : "None so far.");
    if (first) this.poller.start();
    else if (ends) this.poller.now();
  }

  stop() {
    this.poller.stop();
    this.stopped = true;
  }

  async #look() {
    const { job } = this;
    const last = ended(job);
    // Until the job has ended, the counter is ahead of the stored rows.
    if (!job.failed || (!last && job.failed <= this.counted)) return last ? null : SOON;
    const began = performance.now();
    const { failures } = await get(`/bulk/jobs/${this.id}/summary?top=0`);
    const took = (performance.now() - began) / 1000;
    if (this.stopped) return null;
    this.counted = failures.reduce((sum, { count: number }) => sum + number, 0);
    this.#draw(failures);
    return last ? null : Math.max(PAUSE, LEISURE * took);
  }

  /** Rows that stay keep their buttons and so the focus. */
  #draw(failures) {
    const most = Math.max(1, ...failures.map(({ count: number }) => number));
    const list = byId("failures");
    const focused = document.activeElement;
    failures.forEach((failure, index) => {
      const { item } = this.#row(failure, most);
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    });
    while (list.children.length > failures.length) list.lastChild.remove();
    if (list.contains(focused)) focused.focus();
    show(byId("failures-none"), failures.length === 0);
  }

  #row({ reason: code, count: number }, most) {
    const row = this.rows.get(code) ?? this.#make(code);
    write(row.number, count(number));
    row.share.style.width = `${(100 * number) / most}%`;
    show(row.retry, ended(this.job));
    return row;
  }

  #make(code) {
    const number = el("b");
    const share = el("span", { class: "share", "aria-hidden": "true" });
    const words = reason(code);
    const act = (event) => retryReason(event.currentTarget, this.id, code);
    const retry = button("Retry", act, "link", { "aria-label": `Retry: ${words}` });
    const buttons = el("div", { class: "buttons" }, button("Show failed rows", () => results.showFailed(), "link"), retry);
    const item = el("li", { title: code }, el("p", {}, number, ` ${words}`), share, buttons);
    const row = { item, number, share, retry };
    this.rows.set(code, row);
    return row;
  }
}
