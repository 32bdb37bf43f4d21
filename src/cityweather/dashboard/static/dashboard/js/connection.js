// Whether what stands here is how things are.

import { traffic } from "./api.js";
import { byId, write } from "./dom.js";
import { key } from "./key.js";
import { duration } from "./words.js";

const STALE = 30; // seconds without an answer; the list is asked at least every 20

let heard = null; // when the server answered last, in milliseconds
let silent = false;

export function startConnection() {
  traffic.addEventListener("answer", () => {
    heard = Date.now();
    silent = false;
    draw();
  });
  traffic.addEventListener("silence", () => {
    silent = true;
    draw();
  });
  setInterval(draw, 1000);
  addEventListener("visibilitychange", draw);
  draw();
}

function draw() {
  const age = heard === null ? 0 : (Date.now() - heard) / 1000;
  const stale = silent || (key() && age > STALE && !document.hidden);
  const [words, state] = stale
    ? [heard === null ? "No answer yet, trying again" : `Stale: as of ${duration(age)} ago, trying again`, "stale"]
    : heard === null || !key()
      ? ["Ready", "idle"]
      : ["Live", "live"];
  const pill = byId("connection");
  pill.dataset.state = state;
  document.body.classList.toggle("stale", stale);
  // The age ticks each second: to be seen, not to be read out.
  pill.setAttribute("aria-live", pill.textContent.startsWith("Stale") && stale ? "off" : "polite");
  write(pill, words);
}
