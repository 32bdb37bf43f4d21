// Why rows failed, counted by reason.

import { retryReason } from "./actions.js";
import { get } from "./api.js";
import { button, byId, el, show } from "./dom.js";
import { Poller } from "./poll.js";
import { results } from "./results.js";
import { count, ended, reason } from "./words.js";

const PAUSE = 3; // seconds between looks, and only when the counter moved

export class Failures {
  constructor(id) {
    this.id = id;
    this.counted = 0; // failures shown
    this.poller = new Poller(() => this.#look());
    this.#draw([]);
  }

  update(job) {
    const ends = this.job && ended(job) && !ended(this.job);
    const first = !this.job;
    this.job = job;
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
    if (job.failed > this.counted || (last && job.failed)) {
      const { failures } = await get(`/bulk/jobs/${this.id}/summary?top=1`);
      if (this.stopped) return null;
      this.counted = failures.reduce((sum, { count: number }) => sum + number, 0);
      this.#draw(failures);
    }
    // The counter runs ahead of the stored rows until the job has ended.
    return last ? null : PAUSE;
  }

  #draw(failures) {
    const most = Math.max(1, ...failures.map(({ count: number }) => number));
    byId("failures").replaceChildren(...failures.map((failure) => this.#row(failure, most)));
    show(byId("failures-none"), failures.length === 0);
  }

  #row({ reason: code, count: number }, most) {
    const share = el("span", { class: "share", "aria-hidden": "true" });
    share.style.width = `${(100 * number) / most}%`;
    const buttons = el("div", { class: "buttons" }, button("Show", () => results.showFailed(), "link"));
    if (ended(this.job)) {
      buttons.append(button("Retry", (event) => retryReason(event.currentTarget, this.id, code), "link", { "aria-label": `Retry: ${reason(code)}` }));
    }
    const head = el("p", {}, el("b", { textContent: count(number) }), ` ${reason(code)}`);
    return el("li", { title: code }, head, share, buttons);
  }
}
