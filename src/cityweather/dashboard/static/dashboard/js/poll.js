// Asking again and again, politely: as the server asks, seldom while hidden, ever more slowly while it fails.

import { traffic } from "./api.js";

const HIDDEN = 60; // seconds at least, while nobody looks
const LONGEST = 30; // seconds between tries towards a server that does not answer
const BUSY = 429;

const pollers = new Set();
let pausedUntil = 0; // milliseconds of Date; after a 429 no poller asks before that

document.addEventListener("visibilitychange", () => {
  for (const poller of pollers) poller.plan();
});

export class Poller {
  /** `ask()` resolves to the seconds until the next request, or to null to stop. */
  constructor(ask) {
    this.ask = ask;
    this.timer = null;
    this.asking = false;
    this.failures = 0;
    this.answered = 0; // milliseconds of Date
    this.due = 0; // milliseconds of Date of the next request
  }

  start() {
    pollers.add(this);
    this.now();
    return this;
  }

  stop() {
    pollers.delete(this);
    clearTimeout(this.timer);
  }

  /** Ask at once. If an answer is awaited, ask again after it. */
  now() {
    this.again = this.asking;
    if (!this.asking) this.#round();
  }

  /** Ask when it is due, or much later while the page is hidden. */
  plan() {
    if (this.asking) return;
    const due = document.hidden ? Math.max(this.due, this.answered + HIDDEN * 1000) : this.due;
    this.#after(due - Date.now());
  }

  async #round() {
    if (pausedUntil > Date.now()) return this.#after(pausedUntil - Date.now());
    clearTimeout(this.timer);
    this.asking = true;
    let wait;
    try {
      wait = await this.ask();
      this.failures = 0;
    } catch (error) {
      wait = this.#patience(error);
    }
    this.asking = false;
    if (!pollers.has(this)) return;
    if (this.again) return this.now();
    if (wait === null) return this.stop();
    this.answered = Date.now();
    this.due = this.answered + wait * 1000;
    this.plan();
  }

  #after(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#round(), Math.max(0, milliseconds));
  }

  #patience(error) {
    if (error.status === 401 || error.status === 403) return null; // a new key starts everything again
    if (error.status === undefined) console.error(error); // an error in this page
    if (error.status === 0 || error.status >= 500) traffic.dispatchEvent(new Event("silence"));
    if (error.status === BUSY) pausedUntil = Date.now() + (error.wait ?? 1) * 1000;
    this.failures += 1;
    const backoff = Math.min(LONGEST, 2 ** (this.failures - 1));
    return Math.max(error.wait ?? 0, backoff * (0.5 + Math.random() / 2));
  }
}
