// The rows of a job that have a result, each given once, for the map and the plot.

import { get } from "./api.js";
import { Poller } from "./poll.js";
import { ended } from "./words.js";

const SOON = 0.5; // seconds until the counters are compared again, which needs no request
const FIRST = 0.6; // seconds between the first two rounds; later pauses grow
const BUSY = 4; // seconds at most while rows get results
const CALM = 10; // seconds at most while none does
const BACK = 4000; // points at most that are read again because of a pending row before them

export class Points {
  /** `take(points, step, seconds)` gets new points: [[position, second, latitude, longitude, °C, city], …]. */
  constructor(id, take) {
    this.id = id;
    this.take = take;
    this.seen = new Set();
    this.from = 0;
    this.frontier = 0; // the last position seen, plus one
    this.hole = null; // the first pending position that was skipped
    this.step = 1;
    this.wait = FIRST;
    this.pages = 0; // read in this round
    this.processed = -1; // at the last round
    this.complete = false;
    this.poller = new Poller(() => this.#round());
  }

  update(job) {
    const first = !this.job;
    this.job = job;
    if (first) this.poller.start();
    else if (ended(job) && !this.complete) this.poller.now();
  }

  stop() {
    this.poller.stop();
    this.take = () => {};
  }

  async #round() {
    const last = ended(this.job); // asked before the rows are read, so that none can be missing
    if (!last && !this.#expectsMore()) return SOON;
    this.processed = this.job.processed;
    this.pages = 0;
    const before = this.seen.size;
    const unsettled = await this.#read(last ? (this.hole ?? this.from) : this.from);
    this.complete = last;
    if (last) return null;
    this.#leap(unsettled);
    this.wait = Math.min(this.seen.size > before ? BUSY : CALM, this.wait * 1.5);
    return this.wait * this.pages;
  }

  /** False if all are here, or if the missing ones have not come for long and no other row was counted. */
  #expectsMore() {
    const { processed } = this.job;
    return this.seen.size < Math.floor(processed / this.step) && (processed !== this.processed || this.wait < CALM);
  }

  /** Read all pages from `start` on. Returns the first pending position, as it was before the first page. */
  async #read(start) {
    let unsettled;
    while (start !== null) {
      const page = await get(`/bulk/jobs/${this.id}/points?from=${start}`);
      this.pages += 1;
      if (unsettled === undefined) unsettled = page.unsettled;
      this.step = page.step;
      this.#give(page.points);
      start = page.next;
    }
    return unsettled;
  }

  /** Begin the next round at the first pending row, but read at most BACK points again. */
  #leap(unsettled) {
    const wanted = unsettled ?? this.frontier;
    this.from = Math.max(wanted, this.frontier - BACK * this.step);
    if (this.from > wanted) this.hole = Math.min(this.hole ?? wanted, wanted);
  }

  #give(points) {
    const fresh = points.filter(([position]) => !this.seen.has(position));
    for (const [position] of fresh) {
      this.seen.add(position);
      this.frontier = Math.max(this.frontier, position + 1);
    }
    if (fresh.length) this.take(fresh, this.step, ended(this.job) ? 0 : this.wait);
  }
}
