// The pill in the header: whether the page shows the present state.

import { traffic } from "./api.js";
import { byId, write } from "./dom.js";
import { key } from "./key.js";
import { duration } from "./words.js";

const STALE = 30; // seconds without an answer; the list is asked at least every 20

let answeredAt = null; // milliseconds of Date
let silent = false;

export function startConnection() {
  traffic.addEventListener("answer", () => {
    answeredAt = Date.now();
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
  const age = answeredAt === null ? 0 : (Date.now() - answeredAt) / 1000;
  const stale = silent || (key() && age > STALE && !document.hidden);
  const [words, state] = stale
    ? [answeredAt === null ? "No answer yet, trying again" : `Stale: as of ${duration(age)} ago, trying again`, "stale"]
    : answeredAt === null || !key()
      ? ["Ready", "idle"]
      : ["Live", "live"];
  const pill = byId("connection");
  pill.dataset.state = state;
  document.body.classList.toggle("stale", stale);
  // The age changes each second. It is shown, but not read out each time.
  pill.setAttribute("aria-live", pill.textContent.startsWith("Stale") && stale ? "off" : "polite");
  write(pill, words);
}
